import type { MuteView } from '@muster/core/control/mute-store';
import type { Color } from '../guarded-output.ts';
import type { List } from './list.ts';
import { timeText } from './relative-time.ts';

/** One line of `muster findings --json` (docs/status-json.md). */
export interface FindingLine {
  /** A kind of finding, or the cause of instances. */
  readonly kind: string;
  /** `instances` for a cause. */
  readonly scope: string;
  readonly count: number;
  /** Null for a cause, whose hosts came one after another. */
  readonly since: string | null;
  readonly message: string;
  readonly remedy: string;
  readonly owner: string;
  /** `page`, `warn` or `info`. */
  readonly severity: string;
  /** Who has muted it, why, and until when; null unless an operator has. */
  readonly muted: MuteView | null;
}

export const FINDING_LIST: List<FindingLine> = {
  noun: 'findings',
  fields: ['kind', 'scope', 'count', 'since', 'message', 'remedy', 'owner', 'severity', 'muted'],
  columns: [
    { field: 'count', title: 'count', align: 'right' },
    {
      field: 'kind',
      title: 'kind',
      color: ({ owner, muted }) => (muted === null ? colorOfOwner(owner) : 'dim'),
    },
    { field: 'scope', title: 'scope' },
    { field: 'since', title: 'since', text: ({ since }, view) => timeText(since, view) },
    { field: 'owner', title: 'who' },
  ],
  under: ({ message, remedy, muted }) => [
    ...(muted === null ? [] : [mutedText(muted)]),
    message,
    `→ ${remedy}`,
  ],
};

/** `muted until TIME by NAME: REASON`, for people; the reason is the operator's text. */
export function mutedText({ by, reason, until }: MuteView): string {
  return `muted until ${until} by ${by}: ${reason}`;
}

/** What Muster tries again by itself is good to know; the rest needs a person. */
function colorOfOwner(owner: string): Color | null {
  return owner === 'muster' ? 'dim' : 'yellow';
}
