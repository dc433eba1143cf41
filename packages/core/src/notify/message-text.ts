import { SEVERITIES, type Severity } from '../control/severity.ts';
import { terminalLine } from '../runtime/terminal-text.ts';
import { beginOfText } from '../runtime/wording.ts';
import { EVENT_TYPES, type NotifyBatch, type NotifyEvent } from './told.ts';

/** Who tells. */
export interface Sender {
  /** Discovery group of the installation. */
  readonly group: string;
  /** Host of the Teleport proxy; null without. */
  readonly cluster: string | null;
}

/** A message as every channel says it, in plain words. */
export interface MessageText {
  readonly title: string;
  /** The most urgent first. */
  readonly entries: readonly MessageEntry[];
  /** Events that are not among the entries. */
  readonly more: number;
}

export interface MessageEntry {
  readonly severity: Severity;
  readonly head: string;
  readonly text: string;
  /** Null for what has ended. */
  readonly remedy: string | null;
}

/** Events that one message spells out. */
const MOST_ENTRIES = 10;
/** Of a text that may come from a host or from AWS. */
const TEXT_CHARS = 900;

const WORDS = {
  raised: 'raised',
  changed: 'worse',
  resolved: 'resolved',
  muted: 'muted',
} as const satisfies Record<NotifyEvent['type'], string>;

/** Puts a message into words. Texts may be foreign: they become plain lines without anything that a terminal or a reader takes for more. */
export function wordMessage(batch: NotifyBatch, sender: Sender): MessageText {
  const events = batch.events.toSorted(
    (a, b) =>
      Number(isOver(a)) - Number(isOver(b)) ||
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      a.sinceMs - b.sinceMs,
  );
  const counts = EVENT_TYPES.map((type) => [type, events.filter((one) => one.type === type).length] as const);
  const said = counts.filter(([, count]) => count > 0).map(([type, count]) => `${count} ${WORDS[type]}`);
  const where = `${sender.group}${sender.cluster === null ? '' : ` (${sender.cluster})`}`;
  return {
    title: plainLine(`Muster ${where}: ${said.join(', ')}`),
    entries: events.slice(0, MOST_ENTRIES).map(entryOf),
    more: Math.max(0, events.length - MOST_ENTRIES) + batch.leftOut,
  };
}

function entryOf(event: NotifyEvent): MessageEntry {
  const { type, severity, kind, scope, message, remedy, owner } = event;
  return {
    severity,
    head: plainLine(`${WORDS[type]}: ${kind} (${scope === kind ? 'hosts' : scope}), ${severity}`),
    text: plainLine(message),
    remedy: isOver(event) ? null : plainLine(`${owner}: ${remedy}`),
  };
}

/** The message as plain text. */
export function textOf({ title, entries, more }: MessageText): string {
  return [
    title,
    ...entries.flatMap(({ head, text, remedy }) => ['', head, text, ...(remedy === null ? [] : [remedy])]),
    ...(more > 0 ? ['', moreOf(more)] : []),
    '',
  ].join('\n');
}

/** What stands for the events that a message does not spell out. */
export function moreOf(more: number): string {
  return `and ${more} more: muster findings, or the console, lists all that stand.`;
}

/** The entry that `muster notify test` sends. */
export function testBatch(channel: string, id: string, nowMs: number): NotifyBatch {
  return {
    id,
    channel,
    createdMs: nowMs,
    leftOut: 0,
    events: [
      {
        id: 'test@all',
        kind: 'test',
        scope: 'all',
        severity: 'info',
        owner: 'operator',
        message: `This is a test of the channel ${channel}. Nothing is wrong.`,
        remedy: 'Nothing to do.',
        sinceMs: nowMs,
        count: 1,
        accountId: null,
        type: 'raised',
        atMs: nowMs,
      },
    ],
  };
}

function isOver({ type }: NotifyEvent): boolean {
  return type === 'resolved' || type === 'muted';
}

/** A foreign text as one line, cut to what a message has room for. */
export function plainLine(text: string): string {
  const line = terminalLine(text);
  return line.length > TEXT_CHARS ? `${beginOfText(line, TEXT_CHARS)}…` : line;
}
