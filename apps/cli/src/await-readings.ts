import { COVERAGE_STATUSES, type CoverageStatus, sweepVerdict } from '@muster/core/domain/coverage';
import { parseCoverageId } from '@muster/core/ledger/coverage';
import type { Ledger, SweepView } from '@muster/core/ports/ledger';
import { includesAccount, includesTarget, isWhole, type SweepScope } from './sweep-scope.ts';

const LOOK_MS = 500;

/**
 * Waits until all of a scope was read since a moment: its accounts' regions, its targets, and for the whole
 * organization its accounts too.
 *
 * @returns the verdict on the scope; of the whole organization it is the sweep's own
 */
export async function awaitReadings(
  ledger: Pick<Ledger, 'coverage'>,
  scope: SweepScope,
  sinceMs: number,
): Promise<NonNullable<SweepView['verdict']>> {
  for (;;) {
    const verdict = await verdictSince(ledger, scope, sinceMs);
    if (verdict !== null) return verdict;
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

/** Null as long as something was not read. */
async function verdictSince(
  ledger: Pick<Ledger, 'coverage'>,
  scope: SweepScope,
  sinceMs: number,
): Promise<SweepView['verdict']> {
  // Looked at first, for it costs little. What is denied or off does not keep a sweep from ending; it is due now all the same.
  if (isWhole(scope) && (await ledger.coverage.sweep(Date.now()))?.verdict === null) return null;
  const known = await Promise.all(
    (await ledger.coverage.accountIds())
      .filter((accountId) => includesAccount(scope, accountId))
      .map((accountId) => ledger.coverage.account(accountId)),
  );
  const unresolved = known.some(
    (one) => one !== null && one.account.state === 'ACTIVE' && (one.resolvedAtMs ?? 0) < sinceMs,
  );
  if (unresolved) return null;
  const counts = Object.fromEntries(COVERAGE_STATUSES.map((status) => [status, 0])) as Record<
    CoverageStatus,
    number
  >;
  let total = 0;
  for (const { id, coverage } of await ledger.coverage.all()) {
    const { accountId, target } = parseCoverageId(id);
    if (target === null ? !includesAccount(scope, accountId) : !includesTarget(scope, target)) continue;
    if (coverage.attemptedAtMs < sinceMs) return null;
    counts[coverage.status] += 1;
    total += 1;
  }
  if (!isWhole(scope)) return sweepVerdict({ ...counts, total }, true);
  return (await ledger.coverage.sweep(Date.now()))?.verdict ?? null;
}
