import { causeOf, hasOpenCommand, type StoredRecord } from '@muster/core/enrollment/record';
import type { TargetAccess } from '@muster/core/install/command';
import { countUnmanaged, type HostManagementState } from '@muster/core/organization/host-management';
import type { InstanceId } from '@muster/core/organization/ids';
import { groupByRole, type RoleGroup } from '@muster/core/scan/matcher-scope';
import type { Matcher } from '@muster/core/scan/matcher';
import { NO_INSTANCES, type PlanCounts, type TargetReading } from '@muster/core/reports/plan/plan-part';
import type { ReportId } from '@muster/core/reports/report';
import { targetId, type Target } from '@muster/core/organization/target';
import { isJobError } from '@muster/core/runtime/errors';
import type { JobContext } from '@muster/core/jobs/define-job';
import { transitionContext } from '@muster/core/enrollment/apply-events';
import { judgeSightings, listManaged, listSightings, type Sighting } from '../scan/judge-target.ts';
import { accountOfReport, type Answered, answerPart, type ReportDeps } from './report-part.ts';
import { patiently } from './probe-member.ts';
import { failedReading } from './plan-account.ts';

/** Reads a target and judges its instances by the very rules of the scan, on what is recorded of them, and writes none of it. */
export async function handlePlanTarget(
  { reportId, target }: { readonly reportId: ReportId; readonly target: Target },
  ctx: JobContext,
  deps: ReportDeps,
): Promise<Answered> {
  return answerPart(
    deps,
    ctx,
    reportId,
    `target:${targetId(target)}`,
    () => readTarget(reportId, target, ctx, deps),
    (error): TargetReading => ({ ...unread(target), ...failedReading(error, deps) }),
  );
}

function unread(target: Target): TargetReading {
  return {
    target,
    status: 'failed',
    cause: null,
    detail: '',
    counts: NO_INSTANCES,
    ineligibleByCause: {},
    hostManagement: null,
    listed: [],
    managed: null,
    judged: 0,
    ready: 0,
    batches: [],
  };
}

async function readTarget(
  reportId: ReportId,
  target: Target,
  ctx: JobContext,
  deps: ReportDeps,
): Promise<TargetReading> {
  const { matchers } = await accountOfReport(deps, reportId, target.accountId, ctx.signal);
  const groups = groupByRole(matchers, target.accountId, target.region);
  const sightings = await listSightings(target, groups, ctx.signal, deps, null);
  const records = await deps.ledger.enrollments.readAll(target);
  let managed: number | null = null;
  const next = await judgeSightings(sightings, records, transitionContext(deps), {
    // The plan has its own reading of the nodes, and writes nothing that a time could run from.
    inventory: null,
    findNodes: (ids) => deps.reports.findNodes(reportId, target.accountId, ids),
    listManaged: async () => {
      const nodes = await listManaged(target, groups, ctx.signal, deps);
      managed = nodes.size;
      return nodes;
    },
  });
  const counted = countAll(sightings, next, groups, deps);
  const { hosts } = countUnmanaged(Object.entries(counted.ineligibleByCause));
  const hostManagement =
    hosts === 0
      ? null
      : await askHostManagement({ ...target, role: groups[0]?.role ?? null }, ctx.signal, deps);
  return { ...unread(target), status: 'complete', managed, hostManagement, ...counted };
}

/** Nothing but a sum depends on it: what AWS does not answer, or may not, is unknown. */
async function askHostManagement(
  access: TargetAccess,
  signal: AbortSignal,
  deps: Pick<ReportDeps, 'hostManagement' | 'clock' | 'timings'>,
): Promise<HostManagementState> {
  try {
    const isOn = await patiently(signal, deps, () => deps.hostManagement.isHostManagementOn(access, signal));
    return isOn ? 'on' : 'off';
  } catch (error) {
    signal.throwIfAborted();
    if (isJobError(error)) return 'unknown';
    throw error;
  }
}

type Counted = Pick<
  TargetReading,
  'counts' | 'ineligibleByCause' | 'listed' | 'judged' | 'ready' | 'batches'
>;

function countAll(
  sightings: ReadonlyMap<InstanceId, Sighting>,
  next: ReadonlyMap<InstanceId, StoredRecord>,
  groups: readonly RoleGroup[],
  deps: ReportDeps,
): Counted {
  const counts = { ...NO_INSTANCES };
  const causes = new Map<string, number>();
  const batches = new Map<Matcher, number>();
  for (const [id, sighting] of sightings) {
    const record = next.get(id) ?? null;
    const place = placeOf(sighting, record, deps.clock.now());
    if (place === null) continue;
    counts[place] += 1;
    const cause = place === 'ineligible' && record !== null ? causeOf(record) : null;
    if (cause !== null) causes.set(cause, (causes.get(cause) ?? 0) + 1);
    if (place === 'install' && sighting.owner !== null) {
      batches.set(sighting.owner, (batches.get(sighting.owner) ?? 0) + 1);
    }
  }
  const ready = counts.install + counts.retryLater;
  return {
    counts,
    ineligibleByCause: Object.fromEntries(causes),
    listed: groups.map(() => sightings.size),
    judged: ready + counts.ineligible,
    ready,
    batches: [...batches].map(([{ label, install }, instances]) => ({
      matcher: label,
      documentName: install.documentName,
      instances,
    })),
  };
}

/** Where an instance of the listing stands; null for one that is going away. */
function placeOf(
  { instance, owner }: Sighting,
  record: StoredRecord | null,
  nowMs: number,
): keyof PlanCounts | null {
  // A command that is under way is, whatever the instance looks like just now.
  if (record !== null && hasOpenCommand(record)) return 'inProgress';
  // A newer release has it in hand.
  if (record?.state === 'unknown') return 'inProgress';
  if (owner === null) return 'unmatched';
  if (instance.state === 'stopped' || instance.state === 'stopping') return 'stopped';
  if (instance.state === 'pending') return 'pending';
  switch (record?.state) {
    case 'discovered':
    case 'queued':
      return 'install';
    case 'failed':
      return record.nextAttemptAtMs <= nowMs ? 'install' : 'retryLater';
    case 'lost':
      if (record.repairAtMs === null) return 'ineligible';
      return record.repairAtMs <= nowMs ? 'install' : 'retryLater';
    case 'ineligible':
      return 'ineligible';
    case 'installed':
      return 'inProgress';
    case 'joined':
      return 'joined';
    case 'stopped':
    case 'unmatched':
    case 'gone':
    case undefined:
      return null;
    default:
      return record satisfies never;
  }
}
