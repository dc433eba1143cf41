import { hostname } from 'node:os';
import type { EnrollmentLedger } from '@muster/core/enrollment/enrollment-store';
import type { Catalog } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import { type Account, sealAccount } from '@muster/core/organization/account';
import type { AccountId } from '@muster/core/organization/ids';
import { ReportAccount, type ReportId } from '@muster/core/reports/report';
import { isJobError, JobError } from '@muster/core/runtime/errors';
import type { Matcher } from '@muster/core/scan/matcher';
import { matchersOfAccount } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { callerAccountOf, scopeOfAccount, sealerOf } from '../organization/account-scope.ts';
import { accountPages } from '../organization/accounts-in-scope.ts';

/** What the handlers of `muster doctor` and `muster plan` are made of; a command with `--local` has all of it in one process. */
export type ReportDeps = Pick<
  HandlerDeps,
  | 'config'
  | 'timings'
  | 'clock'
  | 'random'
  | 'installation'
  | 'organization'
  | 'accounts'
  | 'instances'
  | 'hostManagement'
  | 'commands'
  | 'teleport'
  | 'preflight'
  | 'reports'
  | 'enqueue'
  | 'redact'
> & {
  /** A worker's; with `--local` one that knows of no instance, and of nothing else either. */
  readonly ledger: HandlerDeps['ledger'] | { readonly enrollments: Pick<EnrollmentLedger, 'readAll'> };
};

/** How the job ended; what it found is in the report. */
export interface Answered {
  readonly answer: string;
}

/** Times a part is begun before a throttle, or AWS not answering, is its answer. */
const TRIES = 6;

/**
 * Answers one part of a report. Nothing is done for a report whose command has ended. A throttle or an AWS that
 * does not answer brings the job back a few times; every other error is an answer too, made by `answerOf`, so that
 * the command that asked is told.
 */
export async function answerPart(
  deps: Pick<ReportDeps, 'reports' | 'timings'>,
  ctx: JobContext,
  reportId: ReportId,
  part: string,
  work: () => Promise<unknown>,
  answerOf: (error: unknown) => unknown,
): Promise<Answered> {
  const times = await deps.reports.begin(reportId, part);
  if (times === null) return { answer: 'closed' };
  let answer = 'given';
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (isJobError(error, 'ledger.unavailable')) throw error;
    if (isJobError(error, 'aws.throttled', 'aws.unavailable') && times < TRIES) {
      const advisedMs = typeof error.retry === 'object' ? error.retry.afterMs : 0;
      const afterMs = Math.max(advisedMs, deps.timings.retryMs * times);
      throw new JobError(error.code, error.message, { retry: { afterMs }, cause: error });
    }
    ctx.log.warn({ err: error, part }, 'part of a report not answered as hoped');
    answer = 'failed';
    result = answerOf(error);
  }
  await deps.reports.finish(reportId, part, result);
  return { answer };
}

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
