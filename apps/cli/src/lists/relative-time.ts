import type { TimeView } from './list.ts';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

/** `3 h ago`, `in 5 min`, or the time in UTC; nothing for null. @param iso ISO 8601 */
export function timeText(iso: string | null, { nowMs, absolute }: TimeView): string {
  if (iso === null) return '';
  const atMs = Date.parse(iso);
  if (absolute || Number.isNaN(atMs)) return iso;
  const length = lengthText(Math.abs(nowMs - atMs));
  return atMs > nowMs ? `in ${length}` : `${length} ago`;
}

/** `40 s`, `5 min`, `3 h`, `12 d`: rounded down, in the largest unit that there are two of, or one of where it is the smallest. */
function lengthText(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, one]) => ms >= 2 * one) ?? ['s', 1_000];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}
