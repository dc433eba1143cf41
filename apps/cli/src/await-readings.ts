import {
  COVERAGE_STATUSES,
  type Coverage,
  type CoverageStatus,
  sweepVerdict,
} from '@muster/core/organization/coverage';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Target } from '@muster/core/organization/target';
import {
  includesAccount,
  includesTarget,
  isWhole,
  type SweepScope,
} from '@muster/core/organization/request-sweep';
import type { KnownAccount } from '@muster/core/organization/coverage-store';
import type { Ledger } from '@muster/core/control/ledger';
import type { SweepView } from '@muster/core/organization/sweep-store';

const LOOK_MS = 500;
/** Looks between two calls of `whileWaiting`. */
const LOOKS = 10;

/**
 * Waits until all of a scope was read since a moment: its accounts' regions, its targets, and for the whole
 * organization its accounts too.
 *
 * @param sinceMs see `CoverageLedger.startSweep`
 * @param whileWaiting called every few seconds, the first time after the first look
 * @returns the verdict on the scope; of the whole organization it is the sweep's own
 */
export async function awaitReadings(
  deps: { readonly ledger: Pick<Ledger, 'coverage'>; readonly clock: Clock },
  scope: SweepScope,
  sinceMs: number,
  whileWaiting: () => Promise<void>,
): Promise<NonNullable<SweepView['verdict']>> {
  for (let look = 0; ; look += 1) {
    const verdict = await verdictSince(deps, scope, sinceMs);
    if (verdict !== null) return verdict;
    if (look % LOOKS === 0) await whileWaiting();
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}

/** Null as long as something was not read. */
async function verdictSince(
  { ledger, clock }: { readonly ledger: Pick<Ledger, 'coverage'>; readonly clock: Clock },
  scope: SweepScope,
  sinceMs: number,
): Promise<SweepView['verdict']> {
  // Looked at first, for it costs little. What is denied or off does not keep a sweep from ending; it is due now all the same.
  if (isWhole(scope) && (await ledger.coverage.sweep(clock.now()))?.verdict === null) return null;
  const ids = (await ledger.coverage.accountIds()).filter((accountId) => includesAccount(scope, accountId));
  const known = await Promise.all(ids.map((accountId) => ledger.coverage.account(accountId)));
  const accounts = known.filter((one) => one !== null);
  const unresolved = accounts.some(
    ({ account, resolvedAtMs }) => account.state === 'ACTIVE' && (resolvedAtMs ?? 0) < sinceMs,
  );
  if (unresolved) return null;
  const counts = Object.fromEntries(COVERAGE_STATUSES.map((status) => [status, 0])) as Record<
    CoverageStatus,
    number
  >;
  let total = 0;
  for (const coverage of await coveragesOf(ledger, scope, accounts)) {
    if (coverage.attemptedAtMs === null || coverage.attemptedAtMs < sinceMs) return null;
    counts[coverage.status] += 1;
    total += 1;
  }
  if (!isWhole(scope)) return sweepVerdict({ ...counts, total }, true);
  return (await ledger.coverage.sweep(clock.now()))?.verdict ?? null;
}

/** How a scope was last read. Only a whole organization is read as a whole: one account's few targets are asked for. */
async function coveragesOf(
  { coverage }: Pick<Ledger, 'coverage'>,
  scope: SweepScope,
  accounts: readonly KnownAccount[],
): Promise<readonly Coverage[]> {
  if (isWhole(scope)) return (await coverage.all()).map((one) => one.coverage);
  const ofAccounts = await Promise.all(
    accounts.map(async ({ account: { accountId }, regions }) => {
      const denied = await coverage.readDenied(accountId);
      if (denied !== null) return [denied];
      const targets = (regions ?? []).map((region): Target => ({ accountId, region }));
      const read = await Promise.all(
        targets.filter((target) => includesTarget(scope, target)).map((target) => coverage.read(target)),
      );
      return read.filter((one) => one !== null);
    }),
  );
  return ofAccounts.flat();
}
