/**
 * Freeze windows: times in which nothing is sent, repaired or removed, everywhere or in a part of the organization. A window is
 * over by itself. Work is gated by the ledger’s time, so no machine's clock opens a window early.
 */
import type { AccountId, Region } from '../../organization/ids.ts';
import { type Recurrence, startsBetween } from './recurrence.ts';

/** What a window can hold. */
export const FROZEN_WORK = ['sends', 'repairs', 'clean-up'] as const;
export type FrozenWork = (typeof FROZEN_WORK)[number];

/** One entry of `muster.freeze`, compiled. Everything that it selects by must hold; without any it is over everything. */
export interface FreezeWindow {
  readonly name: string;
  /** Ids of units or of the root, of which one must be above the account; null: any account. */
  readonly units: readonly string[] | null;
  readonly accounts: readonly AccountId[] | null;
  readonly regions: readonly Region[] | null;
  readonly holds: readonly FrozenWork[];
  readonly times:
    | { readonly kind: 'dated'; readonly fromMs: number; readonly toMs: number }
    /** `durationMs` is real time, also across a change of the zone's offset. */
    | { readonly kind: 'recurring'; readonly recurrence: Recurrence; readonly durationMs: number };
}

/** Where something would be done. */
export interface FreezePlace {
  readonly accountId: AccountId;
  readonly region: Region;
  /** Units above the account, from the root down. */
  readonly ancestorIds: readonly string[];
}

/** A window that is in force. */
export interface Freeze {
  /** Of windows that are in force at once, the one that ends last. */
  readonly name: string;
  /** When the place is free: the end of the last window of those that follow each other without a gap. Epoch ms. */
  readonly untilMs: number;
}

/** How far windows in a row are followed to the end of the last one: those that never end are asked again then. */
const FOLLOWED_MS = 31 * 86_400_000;
/** And how many of them. */
const FOLLOWED = 1_000;
/** How far ahead the times of a window are worked out at once. */
const AHEAD_MS = 35 * 86_400_000;

/**
 * The freeze that holds this work at a place; null when none does.
 *
 * @param place null: only windows over everything count
 * @param atMs the ledger's time
 */
export function freezeOver(
  windows: readonly FreezeWindow[],
  work: FrozenWork,
  place: FreezePlace | null,
  atMs: number,
): Freeze | null {
  const over = windows.filter((window) => window.holds.includes(work) && isOver(window, place));
  const first = lastToEnd(over, atMs);
  if (first === null) return null;
  let { untilMs } = first;
  for (let n = 0; n < FOLLOWED && untilMs < atMs + FOLLOWED_MS; n += 1) {
    const next = lastToEnd(over, untilMs);
    if (next === null) break;
    untilMs = next.untilMs;
  }
  return { name: first.name, untilMs };
}

/** How far ahead the next time of a window is looked for: a rule that comes once a year has one. */
const LOOKED_AHEAD_MS = 400 * 86_400_000;

/** The time of a window that is in force, or the next one; null when none is to come within a year. */
export function nextTimeOf(
  window: FreezeWindow,
  atMs: number,
): { readonly fromMs: number; readonly untilMs: number } | null {
  const { times } = window;
  if (times.kind === 'dated') {
    return atMs < times.toMs ? { fromMs: times.fromMs, untilMs: times.toMs } : null;
  }
  const { recurrence, durationMs } = times;
  const isToCome = (startMs: number) => startMs + durationMs > atMs;
  const fromMs =
    startsAround(window, times, atMs).find(isToCome) ??
    startsBetween(recurrence, atMs - durationMs, atMs + LOOKED_AHEAD_MS).find(isToCome);
  return fromMs === undefined ? null : { fromMs, untilMs: fromMs + durationMs };
}

/** Whether units matter to any window: where none does, a place needs no `ancestorIds`. */
export function needsUnits(windows: readonly FreezeWindow[]): boolean {
  return windows.some(({ units }) => units !== null);
}

/** `freeze window year-end until 2027-01-04T06:00:00.000Z`. */
export function describeFreeze({ name, untilMs }: Freeze): string {
  return `freeze window ${name} until ${new Date(untilMs).toISOString()}`;
}

function isOver({ units, accounts, regions }: FreezeWindow, place: FreezePlace | null): boolean {
  if (place === null) return units === null && accounts === null && regions === null;
  return (
    (units === null || place.ancestorIds.some((id) => units.includes(id))) &&
    (accounts === null || accounts.includes(place.accountId)) &&
    (regions === null || regions.includes(place.region))
  );
}

function lastToEnd(windows: readonly FreezeWindow[], atMs: number): Freeze | null {
  let last: Freeze | null = null;
  for (const window of windows) {
    const untilMs = endOf(window, atMs);
    if (untilMs !== null && (last === null || untilMs > last.untilMs)) last = { name: window.name, untilMs };
  }
  return last;
}

/** When the window that is in force ends, epoch ms; null when it is not. The end itself is free. */
function endOf(window: FreezeWindow, atMs: number): number | null {
  const { times } = window;
  if (times.kind === 'dated') return times.fromMs <= atMs && atMs < times.toMs ? times.toMs : null;
  const start = startsAround(window, times, atMs).findLast((startMs) => startMs <= atMs);
  return start !== undefined && atMs < start + times.durationMs ? start + times.durationMs : null;
}

interface Worked {
  readonly fromMs: number;
  readonly toMs: number;
  readonly starts: readonly number[];
}

/** A rule is worked out once for weeks, since a gate is asked before every send. */
const worked = new WeakMap<FreezeWindow, Worked>();

function startsAround(
  window: FreezeWindow,
  { recurrence, durationMs }: Extract<FreezeWindow['times'], { kind: 'recurring' }>,
  atMs: number,
): readonly number[] {
  const known = worked.get(window);
  const fromMs = atMs - durationMs;
  if (known !== undefined && known.fromMs <= fromMs && atMs <= known.toMs) return known.starts;
  const toMs = atMs + AHEAD_MS;
  const starts = startsBetween(recurrence, fromMs, toMs);
  worked.set(window, { fromMs, toMs, starts });
  return starts;
}
