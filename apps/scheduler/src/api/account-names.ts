import type { CoverageLedger } from '@muster/core/organization/coverage-store';
import type { AccountId } from '@muster/core/organization/ids';

/** Names of accounts as Organizations has them, each asked once; one that the ledger does not know is left out. */
export async function readAccountNames(
  coverage: Pick<CoverageLedger, 'account'>,
  accountIds: Iterable<AccountId>,
): Promise<ReadonlyMap<AccountId, string>> {
  const known = await Promise.all([...new Set(accountIds)].map((accountId) => coverage.account(accountId)));
  return new Map(
    known.filter((one) => one !== null).map(({ account }) => [account.accountId, account.name] as const),
  );
}
