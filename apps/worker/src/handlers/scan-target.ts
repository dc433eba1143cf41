import type { Account } from '@muster/core/domain/account';
import type { Coverage } from '@muster/core/domain/coverage';
import { isJobError, type JobError } from '@muster/core/domain/errors';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment';
import type { InstanceId } from '@muster/core/domain/ids';
import {
  groupByRole,
  matchersOfAccount,
  needsAccountTags,
  type RoleGroup,
} from '@muster/core/domain/matcher-scope';
import { targetId, type Target } from '@muster/core/domain/target';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { RecordChange, Versioned } from '@muster/core/ports/ledger';
import { transitionContext } from '../records/apply-events.ts';
import { callerAccountOf, type HandlerDeps } from '../deps.ts';
import { dispatch, doDueWork, type DueOutcome } from '../due-work.ts';
import { judgeSightings, listManaged, listSightings, type Sighting } from '../scanning/judge-target.ts';
import { isOpen, setAsideUnreadable } from '../records/mend-ledger.ts';
import { trackLabels } from '../records/track-labels.ts';
import { isCandidate, scheduleOpenBatches, scheduleWorkOf } from '../records/work-of-records.ts';
import { paced } from '../paced.ts';
import { checkCommands } from '../scanning/check-commands.ts';
import { completeCoverage, coverageOfFailure, partialCoverage } from '../scanning/scan-coverage.ts';

type Result = { status: string; seen: number; queued: number; changed: number };
type Records = ReadonlyMap<InstanceId, Versioned<EnrollmentRecord>>;

/** More candidates than the default bucket lets be sent to at once: five commands of 50. */
const MANY_CANDIDATES = 250;

/**
 * Reads one target: all its instances once per role, and its SSM inventory only when something is to be judged. Then
 * decides for every instance and writes what changed: an unchanged target costs one read and no instance writes.
 */
export async function handleScanTarget(
  { target }: { readonly target: Target },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'scan', targetId(target), 2 * deps.timings.leaseMs, async () => {
    const scope = await deps.ledger.coverage.scopeOf(target);
    if (scope?.regions?.includes(target.region) !== true) {
      return { nextAtMs: null, result: { status: 'forgotten', seen: 0, queued: 0, changed: 0 } };
    }
    const before = scope.coverage;
    if (
      scope.account.tags === undefined &&
      deps.config.matchers.some((one) => one.accountTags !== undefined)
    ) {
      const { matchers } = deps.config;
      if (needsAccountTags(matchers, scope.account, await callerAccountOf(deps, ctx.signal))) {
        // Nobody can say whether it is in scope: nothing in it is taken for gone, and nothing is sent.
        const nextAtMs = deps.clock.now() + deps.config.pollIntervalMs;
        return { nextAtMs, result: { status: 'unknown', seen: 0, queued: 0, changed: 0 } };
      }
    }
    const groups = await roleGroups(target, scope.account, ctx.signal, deps);
    try {
      const sightings = await listSightings(target, groups, ctx.signal, deps);
      const records = await readRecords(target, deps);
      const decided = await decide({ target, groups, before }, sightings, records, ctx.signal, deps);
      const sendsNotBeforeMs = decided.records.some(isCandidate) ? await deps.sendsNotBeforeMs() : 0;
      const written = await write(target, decided, sendsNotBeforeMs, deps);
      await clearSkew(target, records, decided, deps);
      await restoreWork(target, records, decided, sendsNotBeforeMs, deps);
      await trackLabels(target, sightings, decided.next, deps);
      const now = deps.clock.now();
      const coverage =
        decided.denial === null ? completeCoverage(now) : partialCoverage(decided.denial, before, now);
      await deps.ledger.coverage.put(target, coverage);
      return {
        nextAtMs: now + deps.config.pollIntervalMs,
        result: { status: coverage.status, seen: sightings.size, ...written },
      };
    } catch (error) {
      return failed(target, error, before, ctx, deps);
    }
  });
}

/** The roles to read the target with. */
async function roleGroups(
  target: Target,
  account: Account,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<readonly RoleGroup[]> {
  const matchers = matchersOfAccount(deps.config.matchers, account, await callerAccountOf(deps, signal));
  return groupByRole(matchers, target.accountId, target.region);
}

/** The target's records; what cannot be read is set aside first, so that its place is free. */
async function readRecords(target: Target, deps: HandlerDeps): Promise<Records> {
  let unreadable = false;
  const records = await deps.ledger.enrollments.readAll(target, () => {
    unreadable = true;
  });
  if (unreadable) await setAsideUnreadable(target, deps);
  return records;
}

interface Reading {
  readonly target: Target;
  readonly groups: readonly RoleGroup[];
  /** How the target was read last. */
  readonly before: Coverage | null;
}

interface Decision {
  readonly changes: readonly RecordChange[];
  /** All records as they are to be, changed or not. */
  readonly next: ReadonlyMap<InstanceId, EnrollmentRecord>;
  /** The same without their ids. */
  readonly records: readonly EnrollmentRecord[];
  /** Why SSM's inventory or commands could not be asked; null when they were, or needed not be. */
  readonly denial: JobError | null;
}

async function decide(
  { target, groups, before }: Reading,
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: Records,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<Decision> {
  const context = transitionContext(deps);
  let denial: JobError | null = null;
  const next = await judgeSightings(sightings, records, context, {
    findNodes: (ids) => deps.ledger.nodes.find(target.accountId, ids),
    listManaged: async () => {
      denial = before?.status === 'partial' ? await checkCommands(target, groups, signal, deps) : null;
      if (denial !== null) return null;
      try {
        return await paced(deps, target, 'ssm:DescribeInstanceInformation', () =>
          listManaged(target, groups, signal, deps),
        );
      } catch (error) {
        if (!isJobError(error, 'aws.denied')) throw error;
        denial = error;
        return null;
      }
    },
  });
  // A command is live where commands could not be listed: whether they can be now is the answer, with or without candidates.
  if (denial === null && before?.status === 'partial' && [...next.values()].some(isOpen)) {
    denial = await checkCommands(target, groups, signal, deps);
  }
  return {
    changes: changesOf(records, next, context.nowMs - deps.timings.goneMs),
    next,
    records: [...next.values()],
    denial,
  };
}

function changesOf(
  records: Records,
  next: ReadonlyMap<InstanceId, EnrollmentRecord>,
  goneBeforeMs: number,
): readonly RecordChange[] {
  const changes: RecordChange[] = [];
  for (const [instanceId, value] of next) {
    const before = records.get(instanceId);
    const expired = value.state === 'gone' && value.changedAtMs < goneBeforeMs;
    if (expired) changes.push({ instanceId, expected: before?.version ?? 0, value: null });
    else if (before?.value !== value) changes.push({ instanceId, expected: before?.version ?? 0, value });
  }
  return changes;
}

async function write(
  target: Target,
  { changes }: Decision,
  sendsNotBeforeMs: number,
  deps: HandlerDeps,
): Promise<{ queued: number; changed: number }> {
  if (changes.length === 0) return { queued: 0, changed: 0 };
  const queued = changes.filter((change) => change.value?.state === 'queued').length;
  const installed = changes.some((change) => change.value?.state === 'installed');
  const id = targetId(target);
  // What is due is written before what it is due for: see `dispatch`.
  if (installed) await deps.ledger.due.schedule('verify', [{ member: id, atMs: deps.clock.now() }]);
  const now = deps.clock.now();
  const atMs = Math.max(now + deps.timings.followUpMs, sendsNotBeforeMs);
  if (queued > 0) await deps.ledger.due.schedule('install', [{ member: id, atMs }]);
  const words = await deps.ledger.enrollments.write(target, 'each', changes, []);
  // What takes the longest begins first: its bucket, not the workers, will be what it waits for.
  const first = queued > MANY_CANDIDATES;
  if (queued > 0 && sendsNotBeforeMs <= now) await dispatch(deps, 'install', [id], { first });
  return { queued, changed: words.filter((word) => word === 'written').length };
}

/** Instances were given to a matcher that this worker has: what was said of one that it had not is over. */
async function clearSkew(
  target: Target,
  before: Records,
  { changes }: Decision,
  deps: HandlerDeps,
): Promise<void> {
  const handedOver = changes.some(({ instanceId, value }) => {
    const old = before.get(instanceId)?.value;
    return old !== undefined && value !== null && old.matcherKey !== value.matcherKey;
  });
  if (handedOver) await deps.ledger.control.clear('config-skew', targetId(target));
}

/** What was due and has been lost (a kill, a Redis that forgot) is due again: the records know. */
async function restoreWork(
  target: Target,
  before: Records,
  { records }: Decision,
  sendsNotBeforeMs: number,
  deps: HandlerDeps,
): Promise<void> {
  await scheduleWorkOf(deps, target, records, sendsNotBeforeMs);
  if (records.some(isOpen)) await scheduleOpenBatches(deps, target, before);
}

async function failed(
  target: Target,
  error: unknown,
  before: Coverage | null,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const outcome = coverageOfFailure(error, before, deps);
  if (outcome === null) throw error;
  const { coverage, nextAtMs } = outcome;
  await deps.ledger.coverage.put(target, { ...coverage, completeAtMs: before?.completeAtMs ?? null });
  ctx.log.warn(
    { target: targetId(target), status: coverage.status, detail: coverage.detail },
    'target not read',
  );
  return { nextAtMs, result: { status: coverage.status, seen: 0, queued: 0, changed: 0 } };
}
