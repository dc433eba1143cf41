/** How a clock stands beside Redis's. */
import { duration } from '../../format/time.ts';

/** Less than this is the time that asking takes. */
const SAME_MS = 1_000;

/** `agrees`, `42 s ahead`, `3 min behind`. */
export function differsOf(offsetMs: number): string {
  if (Math.abs(offsetMs) < SAME_MS) return 'agrees';
  return `${duration(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}`;
}
