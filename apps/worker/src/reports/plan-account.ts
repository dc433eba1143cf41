import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { AccountId } from '@muster/core/organization/ids';
import { groupByRole } from '@muster/core/scan/matcher-scope';
import type { AccountReading } from '@muster/core/reports/plan/plan-part';
import type { ReportId } from '@muster/core/reports/report';
import { targetId, type Target } from '@muster/core/organization/target';
import { catalog } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import { accountOfReport, type Answered, answerPart, type ReportDeps } from './report-part.ts';
import { resolveRegions } from '../organization/list-regions.ts';
import { coverageOfFailure } from '../scan/scan-coverage.ts';

/** A failure that has gone on this long is the answer (see `coverageOfFailure`). */
const SETTLED = { completeAtMs: null, failures: 1_000, failingSinceMs: 0 } as const;

/** Enters the account as a sweep would, and asks for each of its targets. */
export async function handlePlanAccount(
  { reportId, accountId }: { readonly reportId: ReportId; readonly accountId: AccountId },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  let known: Omit<AccountReading, 'status' | 'cause' | 'detail' | 'regions' | 'regionCalls'> = {
    accountId,
    name: '',
    state: '',
    units: [],
    roles: 0,
  };
  return answerPart(
    deps,
    ctx,
    reportId,
    `account:${accountId}`,
    async (): Promise<AccountReading> => {
      const { account, matchers } = await accountOfReport(deps, reportId, accountId, ctx.signal);
      const groups = groupByRole(matchers, accountId, null);
      known = {
        accountId,
        name: account.name,
        state: account.state,
        units: [...account.ancestorIds],
        roles: groups.filter(({ role }) => role !== null).length,
      };
      if (account.state !== 'ACTIVE') {
        const detail = `the account is ${account.state}`;
        return { ...known, roles: 0, status: 'notActive', cause: null, detail, regions: [], regionCalls: 0 };
      }
      const found = await resolveRegions(accountId, groups, ctx.signal, deps);
      if (found.kind === 'denied') throw found.error;
      await fanOut(reportId, accountId, found.regions, deps);
      const regionCalls = matchers.filter((matcher) => matcher.regions.kind === 'all').length;
      return {
        ...known,
        status: 'complete',
        cause: null,
        detail: '',
        regions: [...found.regions],
        regionCalls,
      };
    },
    (error): AccountReading => ({ ...known, ...failedReading(error, deps), regions: [], regionCalls: 0 }),
  );
}

async function fanOut(
  reportId: ReportId,
  accountId: AccountId,
  regions: readonly Target['region'][],
  deps: ReportDeps,
): Promise<void> {
  const targets = regions.map((region): Target => ({ accountId, region }));
  await deps.reports.expect(
    reportId,
    targets.map((target) => `target:${targetId(target)}`),
  );
  await deps.enqueue(
    catalog['plan-target'],
    targets.map((target) => ({ reportId, target })),
  );
}

/** What a failure means, in the words of coverage. */
export function failedReading(
  error: unknown,
  deps: Pick<ReportDeps, 'clock' | 'timings' | 'config' | 'redact'>,
): Pick<AccountReading, 'status' | 'cause' | 'detail'> {
  const detail = deps.redact(messageOf(error));
  const outcome = coverageOfFailure(error, SETTLED, deps.clock.now(), deps);
  if (outcome === null || !isJobError(error)) return { status: 'failed', cause: null, detail };
  const { status, cause } = outcome.coverage;
  return { status: status === 'partial' ? 'failed' : status, cause, detail };
}
