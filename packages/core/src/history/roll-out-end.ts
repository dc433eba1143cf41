import { ON_THE_WAY } from '../enrollment/record.ts';
import type { HistoryBucket } from './history-bucket.ts';
import { doneSince } from './series.ts';

/** With fewer joined hosts an hour says nothing of the next one. */
const FEWEST_JOINED = 10;
/** A rate that needs longer than this is no forecast. */
const LONGEST_MS = 30 * 86_400_000;

/**
 * When all hosts that are on their way will have joined if they go on joining as in the last hour, epoch ms. Null when that
 * cannot be said honestly: an hour ago is not known, few joined since, none is left, or sends are held so that the rate of
 * the hour is not that of the next.
 *
 * @param hourMs how long ago `before` is
 * @param isHeld whether a pause, the brake or the hold keeps sends back
 */
export function endOfRollOut(facts: {
  readonly now: HistoryBucket | null;
  readonly before: HistoryBucket | null;
  readonly hourMs: number;
  readonly isHeld: boolean;
  readonly nowMs: number;
}): number | null {
  const joined = doneSince(facts.before, facts.now, ({ work }) => work.joined);
  if (facts.isHeld || joined === null || joined < FEWEST_JOINED) return null;
  const left = ON_THE_WAY.reduce((sum, state) => sum + (facts.now?.byState[state] ?? 0), 0);
  if (left === 0) return null;
  const inMs = (left / joined) * facts.hourMs;
  return inMs > LONGEST_MS ? null : facts.nowMs + Math.round(inMs);
}
