/** What an account's status is when its targets have several. */
import type { CoverageStatus } from './coverage.ts';

/** What counts most stands first. */
const WORST_FIRST: readonly CoverageStatus[] = [
  'denied',
  'failed',
  'throttled',
  'partial',
  'pending',
  'complete',
  'regionOff',
];

/** How one target was read, or an account that cannot be entered. */
interface ReadPlace {
  readonly status: CoverageStatus;
  /** Null for the whole account. */
  readonly region: string | null;
}

/** Orders targets: the one that says what its account's status is comes first. */
export function worstFirst(a: Pick<ReadPlace, 'status'>, b: Pick<ReadPlace, 'status'>): number {
  return WORST_FIRST.indexOf(a.status) - WORST_FIRST.indexOf(b.status);
}

/**
 * The status of an account by the worst of its targets. Denied is one that cannot be entered: one that is only kept out of a
 * region is read in part.
 *
 * @param worst null for an account without targets
 */
export function accountStatus(worst: ReadPlace | null): CoverageStatus {
  if (worst === null) return 'pending';
  return worst.status === 'denied' && worst.region !== null ? 'partial' : worst.status;
}
