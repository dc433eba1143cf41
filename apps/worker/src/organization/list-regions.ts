import type { JobContext } from '@muster/core/jobs/define-job';
import type { Coverage } from '@muster/core/organization/coverage';
import type { AccountId, Region } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError, type JobError, messageOf } from '@muster/core/runtime/errors';
import { groupByRole, type RoleGroup } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { dispatch, doDueWork, type DueOutcome } from '../due-work.ts';
import { coverageOfFailure } from '../scan/scan-coverage.ts';
import { awaitProof, scopeOfAccount } from './account-scope.ts';

type Result = { regions: number; denied: boolean };

interface ReadAccount {
  readonly accountId: AccountId;
  /** See `CoverageLedger.beginReading`. */
  readonly begunAtMs: number;
}

/**
 * Enters one account and finds its targets. An account that cannot be entered is not an error of the job but a result:
 * it is recorded as denied, with what is missing, and asked again on its own slow schedule.
 */
export async function handleListRegions(
  { accountId }: { readonly accountId: AccountId },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'regions', accountId, async () => {
    const known = await deps.ledger.coverage.account(accountId);
    if (known === null) return { nextInMs: null, result: { regions: 0, denied: false } };
    if (known.account.state !== 'ACTIVE') {
      // Not to be entered, which is no fault; the next listing that finds it active says so at once.
      return { nextInMs: deps.timings.regionsMs, result: { regions: 0, denied: false } };
    }
    const scope = await scopeOfAccount(known.account, 'read', ctx.signal, deps);
    if (scope.kind === 'unproven') {
      const nextInMs = await awaitProof(accountId, scope.seal, deps);
      return { nextInMs, result: { regions: 0, denied: false } };
    }
    const begunAtMs = await deps.ledger.coverage.beginReading();
    // Without a matcher it has no regions, and its targets are retired.
    const groups = groupByRole(scope.kind === 'covered' ? scope.matchers : [], accountId, null);
    const standsIn = await deps.ledger.coverage.readDenied(accountId);
    const found = await resolveRegions(accountId, groups, ctx.signal, deps).catch((error: unknown) => {
      // Regions that are known go on being read; only an account without any would keep the sweep from ending.
      const isRead = known.resolvedAtMs !== null && standsIn === null;
      if (isRead || !isJobError(error)) throw error;
      return { kind: 'unread' as const, error };
    });
    if (found.kind === 'unread') return passOver({ accountId, begunAtMs }, found.error, standsIn, ctx, deps);
    if (found.kind === 'denied') return deny({ accountId, begunAtMs }, found.error, ctx, deps);
    const regions = regionsInScope(found, known.regions ?? []);
    const left = (known.regions ?? []).filter((region) => !regions.includes(region));
    const retired = left.map((region) => targetId({ accountId, region }));
    await deps.ledger.due.schedule('scan', retired, deps.timings.jobTakenMs);
    await deps.ledger.coverage.putRegions(accountId, regions, begunAtMs);
    await dispatch(deps, 'scan', [...retired, ...(await unreadTargets(accountId, regions, deps))]);
    return {
      nextInMs: deps.timings.regionsMs,
      result: { regions: regions.length, denied: false },
    };
  });
}

/** What one role may not say is not known to have left: then the regions that were known stay. */
function regionsInScope(
  { regions, denial }: Extract<ResolvedRegions, { kind: 'regions' }>,
  before: readonly Region[],
): readonly Region[] {
  return denial === null ? regions : [...new Set([...regions, ...before])].toSorted();
}

async function unreadTargets(
  accountId: AccountId,
  regions: readonly Region[],
  deps: Pick<HandlerDeps, 'ledger'>,
): Promise<readonly string[]> {
  const targets = regions.map((region): Target => ({ accountId, region }));
  const coverage = await Promise.all(targets.map((target) => deps.ledger.coverage.read(target)));
  return targets.filter((_, index) => coverage[index]?.status === 'pending').map(targetId);
}

/** An account that throttles, does not answer or answers nonsense is told of as a target is: see `coverageOfFailure`. */
async function passOver(
  { accountId, begunAtMs }: ReadAccount,
  error: JobError,
  before: Coverage | null,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'timings'>,
): Promise<DueOutcome<Result>> {
  const outcome = coverageOfFailure(error, before, begunAtMs, deps);
  if (outcome === null) throw error;
  const { coverage, nextInMs } = outcome;
  await deps.ledger.coverage.denyAccount(accountId, coverage);
  ctx.log.warn({ accountId, status: coverage.status, detail: coverage.detail }, 'account not entered');
  return { nextInMs, result: { regions: 0, denied: false } };
}

async function deny(
  { accountId, begunAtMs }: ReadAccount,
  error: JobError,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'timings'>,
): Promise<DueOutcome<Result>> {
  const coverage: Coverage = {
    status: 'denied',
    attemptedAtMs: begunAtMs,
    completeAtMs: null,
    cause: 'ec2-perm-account-denied',
    detail: messageOf(error),
    failures: 1,
  };
  await deps.ledger.coverage.denyAccount(accountId, coverage);
  ctx.log.warn({ ...error.details, accountId, detail: coverage.detail }, 'account denied');
  return { nextInMs: deps.timings.deniedMs, result: { regions: 0, denied: true } };
}

type ResolvedRegions =
  | {
      readonly kind: 'regions';
      readonly regions: readonly Region[];
      /** Of a role that was not let in: what it would have shown is not known. */
      readonly denial: JobError | null;
    }
  | { readonly kind: 'denied'; readonly error: JobError };

/** Enters an account and finds its regions in scope: the union over the roles that let us in; denied only when none does. */
export async function resolveRegions(
  accountId: AccountId,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'accounts'>,
): Promise<ResolvedRegions> {
  const regions = new Set<Region>();
  let denial: JobError | null = null;
  for (const { role, matchers } of groups) {
    try {
      await deps.accounts.enter(accountId, role, signal);
      for (const matcher of matchers) {
        const selected =
          matcher.regions.kind === 'listed'
            ? matcher.regions.regions
            : await deps.accounts.listRegions(accountId, role, signal);
        for (const region of selected) regions.add(region);
      }
    } catch (error) {
      if (!isJobError(error, 'aws.denied')) throw error;
      denial = error;
    }
  }
  if (regions.size === 0 && denial !== null) return { kind: 'denied', error: denial };
  return { kind: 'regions', regions: [...regions].toSorted(), denial };
}
