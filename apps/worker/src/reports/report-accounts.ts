import { hostname } from 'node:os';
import { type Account, sealAccount } from '@muster/core/organization/account';
import { JobError } from '@muster/core/runtime/errors';
import type { AccountId } from '@muster/core/organization/ids';
import { matchersOfAccount } from '@muster/core/scan/matcher-scope';
import type { Matcher } from '@muster/core/scan/matcher';
import { ReportAccount, type ReportId } from '@muster/core/reports/report';
import type { Catalog } from '@muster/core/jobs/catalog';
import { scopeOfAccount, sealerOf } from '../organization/account-scope.ts';
import { accountPages } from '../organization/accounts-in-scope.ts';
import { callerAccountOf } from '../deps.ts';
import type { ReportDeps } from './report-part.ts';

/** Who answers, for people: host and process. */
export function workerName(): string {
  return `${hostname()} (pid ${process.pid})`;
}

/**
 * Lists the accounts in scope page by page and asks for the part of each at once: the first is answered before the last
 * is listed.
 *
 * @returns how many there are
 */
export async function fanOutAccounts(
  deps: Pick<
    ReportDeps,
    'config' | 'organization' | 'clock' | 'timings' | 'random' | 'installation' | 'reports' | 'enqueue'
  >,
  reportId: ReportId,
  job: Catalog['check-account' | 'plan-account'],
  signal: AbortSignal,
): Promise<number> {
  const callerAccountId = await callerAccountOf(deps, signal);
  const seen = new Set<AccountId>();
  for await (const page of accountPages(deps, null, callerAccountId, signal)) {
    const fresh = page.filter(
      (account) =>
        !seen.has(account.accountId) &&
        matchersOfAccount(deps.config.matchers, account, callerAccountId).length > 0,
    );
    for (const { accountId } of fresh) seen.add(accountId);
    await deps.reports.put(
      reportId,
      new Map(
        fresh.map((account) => [
          `account:${account.accountId}`,
          sealAccount(account, deps.clock.now(), sealerOf(deps)),
        ]),
      ),
    );
    await deps.reports.expect(
      reportId,
      fresh.map((account) => `account:${account.accountId}`),
    );
    await deps.enqueue(
      job,
      fresh.map(({ accountId }) => ({ reportId, accountId })),
    );
  }
  return seen.size;
}

/** The account that a part is about, and the matchers that cover it by this worker's configuration: none where its facts are not proven. */
export async function accountOfReport(
  deps: Pick<ReportDeps, 'config' | 'organization' | 'clock' | 'timings' | 'installation' | 'reports'>,
  reportId: ReportId,
  accountId: AccountId,
  signal: AbortSignal,
): Promise<{ readonly account: Account; readonly matchers: readonly Matcher[] }> {
  const stored = ReportAccount.safeParse(await deps.reports.get(reportId, `account:${accountId}`));
  if (!stored.success || stored.data.accountId !== accountId) {
    throw new JobError('ledger.corrupt', `the report does not know the account ${accountId}`, {
      retry: 'never',
    });
  }
  const scope = await scopeOfAccount(stored.data, 'read', signal, deps);
  if (scope.kind === 'unproven') {
    throw new JobError('ledger.corrupt', `the report says of ${accountId} what no worker wrote`, {
      retry: 'never',
    });
  }
  return { account: stored.data, matchers: scope.kind === 'covered' ? scope.matchers : [] };
}
