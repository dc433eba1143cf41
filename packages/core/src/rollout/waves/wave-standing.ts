/** Where a wave stands: what it waits for, told from counts, from what was read, from dates and from approvals. */
import { percent } from '../../runtime/wording.ts';
import { formatDuration } from '../../config/value-shapes.ts';
import { type Approval, isCovered } from '../../control/approval.ts';
import { digestOfWaves, type Wave, type WaveCondition } from './wave.ts';

/** The hosts of a wave. One that cannot be enrolled, is stopped, gone or selected by no matcher is none of them. */
export interface WaveProgress {
  readonly hosts: number;
  readonly joined: number;
  readonly failed: number;
  readonly lost: number;
  /** Sent to, and neither joined nor failed. */
  readonly underWay: number;
  readonly waiting: number;
}

/** What is known of a wave beside its hosts. */
export interface WaveMemory {
  /** Since when all its conditions have held without a break, epoch ms of Redis; null while one does not. */
  readonly heldSinceMs: number | null;
  /** When they had held for long enough; null before. Then they count no more. */
  readonly openedAtMs: number | null;
  /** Targets that may hold hosts of the wave, and those of them that were not read since the waves are as they are. */
  readonly targets: number;
  readonly unread: number;
}

/** What all waves are judged by. */
export interface WaveFacts {
  readonly waves: readonly Wave[];
  /** Whether a whole sweep has read the organization since the waves are as they are: before, no condition holds. */
  readonly isSwept: boolean;
  readonly progress: ReadonlyMap<string, WaveProgress>;
  /** Of waves that a scheduler has looked at, as they are defined now. */
  readonly memory: ReadonlyMap<string, WaveMemory>;
  readonly approvals: ReadonlyMap<string, Approval>;
  readonly nowMs: number;
}

/** Why a wave has not begun; null for one that has. */
export type WaveWait =
  | { readonly kind: 'after'; readonly text: string }
  | { readonly kind: 'date'; readonly untilMs: number; readonly text: string }
  | { readonly kind: 'approval'; readonly text: string };

/** States of hosts that are no part of what a wave is to enroll. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['stopped', 'unmatched', 'ineligible', 'gone']);
const UNDER_WAY: readonly string[] = ['sending', 'installing', 'installed'];
const NO_HOSTS: ReadonlyMap<string, number> = new Map();

/** @param states how many hosts of the wave are in each state. One in a state of a newer release counts as waiting */
export function progressOf(states: ReadonlyMap<string, number> = NO_HOSTS): WaveProgress {
  const count = (state: string) => states.get(state) ?? 0;
  const hosts = [...states].reduce((sum, [state, n]) => (NOT_COUNTED.has(state) ? sum : sum + n), 0);
  const [joined, failed, lost] = [count('joined'), count('failed'), count('lost')];
  const underWay = UNDER_WAY.reduce((sum, state) => sum + count(state), 0);
  return { hosts, joined, failed, lost, underWay, waiting: hosts - joined - failed - lost - underWay };
}

/** What the wave waits for; null once it has begun. A name that no wave has waits for ever. */
export function waitOfWave(facts: WaveFacts, name: string): WaveWait | null {
  const wave = facts.waves.find((one) => one.name === name);
  if (wave === undefined) return { kind: 'after', text: 'a scan must say which wave they belong to' };
  return ofConditions(facts, wave) ?? ofDate(facts, wave) ?? ofApproval(facts, wave);
}

/** Whether every condition of a wave holds now. For how long, a process that looks again and again finds out. */
export function holdConditions(facts: WaveFacts, wave: Wave): boolean {
  return wave.after.every((condition) => whyNot(facts, condition) === null);
}

/** How long its conditions must hold without a break, ms. */
export function holdMsOf(wave: Wave): number {
  return Math.max(0, ...wave.after.map(({ forMs }) => forMs));
}

function ofConditions(facts: WaveFacts, wave: Wave): WaveWait | null {
  if (wave.after.length === 0) return null;
  const memory = facts.memory.get(wave.name);
  if (memory !== undefined && memory.openedAtMs !== null) return null;
  for (const condition of wave.after) {
    const why = whyNot(facts, condition);
    if (why !== null) return { kind: 'after', text: `${describeCondition(condition)}: ${why}` };
  }
  const longest = wave.after.reduce((a, b) => (b.forMs > a.forMs ? b : a));
  const held = memory?.heldSinceMs ?? null;
  const since =
    held === null
      ? 'a scheduler must see it first'
      : `so for ${formatDuration(wholeSeconds(facts.nowMs - held))}`;
  return { kind: 'after', text: `${describeCondition(longest)}: ${since}` };
}

/** Null when the condition holds now. */
function whyNot(facts: WaveFacts, { wave: name, joined }: WaveCondition): string | null {
  const other = facts.waves.find((one) => one.name === name);
  if (other === undefined) return 'there is no such wave';
  if (waitOfWave(facts, name) !== null) return `${name} has not begun itself`;
  const { hosts, joined: count } = progressIn(facts, name);
  const memory = facts.memory.get(name);
  if (!facts.isSwept || memory === undefined) {
    return 'no sweep has read the whole organization since the waves are as they are';
  }
  const { targets, unread } = memory;
  // Without a host, one target that was not read is all there may be.
  const isRead = hosts === 0 ? unread === 0 : reaches(targets - unread, targets, joined);
  if (!isRead) return `${unread} of ${targets} accounts and regions in which it may have hosts are not read`;
  if (reaches(count, hosts, joined)) return null;
  return `now ${percent(Math.floor((count / hosts) * 1_000) / 1_000)} (${count} of ${hosts})`;
}

function progressIn({ progress }: WaveFacts, name: string): WaveProgress {
  return progress.get(name) ?? progressOf();
}

/** In millionths, so that 19 of 20 are 95 % whatever floating point says. Nothing of nothing is all. */
function reaches(part: number, whole: number, share: number): boolean {
  return part * 1_000_000 >= whole * Math.round(share * 1_000_000);
}

function describeCondition({ wave, joined, forMs }: WaveCondition): string {
  return `${percent(joined)} of wave ${wave} must have joined${forMs === 0 ? '' : ` for ${formatDuration(wholeSeconds(forMs))}`}`;
}

function ofDate({ nowMs }: WaveFacts, { notBeforeMs }: Wave): WaveWait | null {
  if (notBeforeMs === null || nowMs >= notBeforeMs) return null;
  return {
    kind: 'date',
    untilMs: notBeforeMs,
    text: `it begins at ${new Date(notBeforeMs).toISOString()} (not_before)`,
  };
}

function ofApproval(facts: WaveFacts, wave: Wave): WaveWait | null {
  if (wave.approvedGrowth === null) return null;
  const { hosts } = progressIn(facts, wave.name);
  const approval = facts.approvals.get(wave.name) ?? null;
  if (hosts === 0 || isCovered(approval, { hosts, basis: basisOf(wave) })) return null;
  if (approval === null || approval.basis !== basisOf(wave)) {
    return { kind: 'approval', text: `muster approve ${wave.name} (${hosts} hosts)` };
  }
  return {
    kind: 'approval',
    text: `muster approve ${wave.name}: ${approval.hosts} hosts were approved, now it has ${hosts}`,
  };
}

/** What of a wave is approved: another definition must be approved anew. */
export function basisOf(wave: Wave): string {
  return digestOfWaves([wave]);
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1_000) * 1_000);
}
