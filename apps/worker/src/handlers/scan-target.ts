import { judgeEligibility } from '@muster/core/domain/eligibility';
import type { EnrollmentEvent, EnrollmentRecord } from '@muster/core/domain/enrollment';
import type { InstanceId } from '@muster/core/domain/ids';
import type { Instance, ManagedNode } from '@muster/core/domain/instance';
import { matchesInstance, type Matcher } from '@muster/core/domain/matcher';
import { groupByRole, matchersOfAccount, type RoleGroup } from '@muster/core/domain/matcher-scope';
import { targetId, type Target } from '@muster/core/domain/target';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { RecordChange, Versioned } from '@muster/core/ports/ledger';
import { runEvents, transitionContext } from '../apply-events.ts';
import { callerAccountOf, type HandlerDeps } from '../deps.ts';
import { dispatch, doDueWork, type DueOutcome } from '../due-work.ts';
import { scheduleOpenBatches, scheduleWorkOf } from '../work-of-records.ts';
import { paced } from '../paced.ts';
import { completeCoverage, coverageOfFailure } from '../scan-coverage.ts';

type Result = { status: string; seen: number; queued: number; changed: number };
type Records = ReadonlyMap<InstanceId, Versioned<EnrollmentRecord>>;

/** An instance of the listing, with the matcher that owns it; null when nobody wants it. */
interface Sighting {
  readonly instance: Instance;
  readonly owner: Matcher | null;
}

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
    const groups = await roleGroups(target, ctx.signal, deps);
    if (groups === null) {
      return { nextAtMs: null, result: { status: 'forgotten', seen: 0, queued: 0, changed: 0 } };
    }
    const before = await deps.ledger.coverage.read(target);
    try {
      const sightings = await listSightings(target, groups, ctx.signal, deps);
      const records = await deps.ledger.enrollments.readAll(target);
      const decided = await decide(target, groups, sightings, records, ctx.signal, deps);
      const written = await write(target, decided, deps);
      await restoreWork(target, decided, deps);
      await deps.ledger.coverage.put(target, completeCoverage(deps.clock.now()));
      return {
        nextAtMs: deps.clock.now() + deps.config.pollIntervalMs,
        result: { status: 'complete', seen: sightings.size, ...written },
      };
    } catch (error) {
      return failed(target, error, before?.failures ?? 0, ctx, deps);
    }
  });
}

/** The roles to read the target with; null when the target is no longer in scope. */
async function roleGroups(
  target: Target,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<readonly RoleGroup[] | null> {
  const known = await deps.ledger.coverage.account(target.accountId);
  if (known === null || known.regions === null || !known.regions.includes(target.region)) return null;
  const matchers = matchersOfAccount(
    deps.config.matchers,
    known.account,
    await callerAccountOf(deps, signal),
  );
  return groupByRole(matchers, target.accountId, target.region);
}

/** Every instance that any role shows, with its owner: the first matcher in file order, whichever role it came by. */
async function listSightings(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<ReadonlyMap<InstanceId, Sighting>> {
  const sightings = new Map<InstanceId, Sighting>();
  const order = deps.config.matchers;
  for (const { role, matchers } of groups) {
    for await (const page of deps.instances.listInstances({ ...target, role }, signal)) {
      for (const instance of page) {
        // An instance in a shared subnet belongs to its owner's account, where it is found by that account's scan.
        if (instance.ownerId !== target.accountId) continue;
        const owner = matchers.find((matcher) => matchesInstance(matcher, instance)) ?? null;
        const other = sightings.get(instance.instanceId)?.owner ?? null;
        const first =
          other !== null && (owner === null || order.indexOf(other) < order.indexOf(owner)) ? other : owner;
        sightings.set(instance.instanceId, { instance, owner: first });
      }
    }
  }
  return sightings;
}

interface Decision {
  readonly changes: readonly RecordChange[];
  /** All records as they are to be, changed or not. */
  readonly records: readonly EnrollmentRecord[];
}

async function decide(
  target: Target,
  groups: readonly RoleGroup[],
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: Records,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<Decision> {
  const context = transitionContext(deps);
  const next = new Map<InstanceId, EnrollmentRecord>();
  for (const [id, sighting] of sightings) {
    const record = runEvents(records.get(id)?.value ?? null, eventsOfSighting(sighting), context);
    if (record !== null) next.set(id, record);
  }
  for (const [id, { value }] of records) {
    if (sightings.has(id)) continue;
    const record = runEvents(value, [{ kind: 'not-seen' }], context);
    if (record !== null) next.set(id, record);
  }
  const nodes = await deps.ledger.nodes.find(
    target.accountId,
    [...next.values()].filter(isOpenQuestion).map((record) => record.instanceId),
  );
  for (const [id, nodeId] of nodes) {
    const record = next.get(id);
    if (record !== undefined) {
      next.set(id, runEvents(record, [{ kind: 'node-seen', nodeId }], context) ?? record);
    }
  }
  const open = [...next.values()].filter(isOpenQuestion);
  if (open.length > 0) {
    const managed = await paced(deps, target, 'ssm:DescribeInstanceInformation', () =>
      listManaged(target, groups, signal, deps),
    );
    for (const record of open) {
      const sighting = sightings.get(record.instanceId);
      if (sighting === undefined || sighting.owner === null) continue;
      const judgment = judgeEligibility(sighting.instance, managed.get(record.instanceId), {
        nowMs: context.nowMs,
        minInstanceAgeMs: sighting.owner.minInstanceAgeMs,
      });
      next.set(record.instanceId, runEvents(record, [{ kind: 'judged', judgment }], context) ?? record);
    }
  }
  return {
    changes: changesOf(records, next, context.nowMs - deps.timings.goneMs),
    records: [...next.values()],
  };
}

function eventsOfSighting({ instance, owner }: Sighting): readonly EnrollmentEvent[] {
  if (owner === null) return [{ kind: 'seen-unmatched' }];
  switch (instance.state) {
    case 'running':
      return [
        {
          kind: 'seen',
          instanceId: instance.instanceId,
          matcherKey: owner.key,
          launchedAtMs: instance.launchedAtMs,
        },
      ];
    case 'stopping':
    case 'stopped':
      return [{ kind: 'seen-stopped' }];
    case 'shutting-down':
    case 'terminated':
      return [{ kind: 'not-seen' }];
    case 'pending':
      return [];
    default:
      return instance.state satisfies never;
  }
}

/** States in which the inventory and the pre-check have something to say. */
function isOpenQuestion(record: EnrollmentRecord): boolean {
  return (
    record.state === 'discovered' ||
    record.state === 'queued' ||
    record.state === 'ineligible' ||
    record.state === 'failed'
  );
}

/** The target's SSM inventory, listed once: all pages of the first role that has an owner here. */
async function listManaged(
  target: Target,
  groups: readonly RoleGroup[],
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<ReadonlyMap<InstanceId, ManagedNode>> {
  const managed = new Map<InstanceId, ManagedNode>();
  const role = groups[0]?.role ?? null;
  for await (const page of deps.instances.listManagedNodes({ ...target, role }, signal)) {
    for (const node of page) managed.set(node.instanceId, node);
  }
  return managed;
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
  deps: HandlerDeps,
): Promise<{ queued: number; changed: number }> {
  if (changes.length === 0) return { queued: 0, changed: 0 };
  const queued = changes.filter((change) => change.value?.state === 'queued').length;
  const installed = changes.some((change) => change.value?.state === 'installed');
  const id = targetId(target);
  // What is due is written before what it is due for: see `dispatch`.
  if (installed) await deps.ledger.due.schedule('verify', [{ member: id, atMs: deps.clock.now() }]);
  const atMs = deps.clock.now() + deps.timings.followUpMs;
  if (queued > 0) await deps.ledger.due.schedule('install', [{ member: id, atMs }]);
  const words = await deps.ledger.enrollments.write(target, 'each', changes, []);
  if (queued > 0) await dispatch(deps, 'install', [id]);
  return { queued, changed: words.filter((word) => word === 'written').length };
}

/** What was due and has been lost (a kill, a Redis that forgot) is due again: the records know. */
async function restoreWork(target: Target, { records }: Decision, deps: HandlerDeps): Promise<void> {
  await scheduleWorkOf(deps, target, records);
  const isOpen = (record: EnrollmentRecord): boolean =>
    record.state === 'sending' || record.state === 'installing';
  if (records.some(isOpen)) await scheduleOpenBatches(deps, target);
}

async function failed(
  target: Target,
  error: unknown,
  failures: number,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const outcome = coverageOfFailure(error, failures + 1, deps);
  if (outcome === null) throw error;
  const { coverage, nextAtMs } = outcome;
  const before = await deps.ledger.coverage.read(target);
  await deps.ledger.coverage.put(target, { ...coverage, completeAtMs: before?.completeAtMs ?? null });
  ctx.log.warn(
    { target: targetId(target), status: coverage.status, detail: coverage.detail },
    'target not read',
  );
  return { nextAtMs, result: { status: coverage.status, seen: 0, queued: 0, changed: 0 } };
}
