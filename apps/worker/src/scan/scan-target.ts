import type { StoredRecord } from '@muster/core/enrollment/record';
import type { LabelSummary } from '@muster/core/inventory/node-labels';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { Account } from '@muster/core/organization/account';
import type { Coverage } from '@muster/core/organization/coverage';
import type { KnownHostManagement } from '@muster/core/organization/host-management-store';
import type { InstanceId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import type { BystanderKind, Bystanders } from '@muster/core/scan/bystander-store';
import { excludesInstance } from '@muster/core/scan/matcher';
import { groupByRole, needsAccountTags, type RoleGroup } from '@muster/core/scan/matcher-scope';
import type { BegunScan, TargetScope } from '@muster/core/scan/scan-store';
import type { HandlerDeps } from '../deps.ts';
import { type DueOutcome, finishAfter } from '../due-work.ts';
import { readRecords } from '../enrollment/repair-ledger.ts';
import { trackLabels } from '../inventory/track-labels.ts';
import { awaitProof, callerAccountOf, scopeOfAccount } from '../organization/account-scope.ts';
import { countAdded, countNone, markAdded } from '../rollout/take-selection.ts';
import { decideTarget, type TargetReading } from './decide-target.ts';
import { retireTarget } from './retire-target.ts';
import { trackHostManagement } from './host-management.ts';
import { listSightings, type Sighting } from './judge-target.ts';
import { completeCoverage, coverageOfFailure, partialCoverage } from './scan-coverage.ts';
import { digestOfSightings, restUntil } from './target-rest.ts';
import { writeDecision, type Written } from './write-decision.ts';
import type { TargetRecords } from '@muster/core/enrollment/seal';

type Result = { status: string; seen: number; queued: number; changed: number };

/** What a scan leaves behind. A coverage of null says that the target was not read, and nothing of how. */
interface ScanOutcome extends DueOutcome<Result> {
  readonly coverage: Coverage | null;
}

/**
 * Reads one target: all its instances once per role, and its SSM inventory only when something is to be judged. Then
 * decides for every instance and writes what changed. A target at rest whose instances are as they were is let be: its
 * records are not even read.
 */
export async function handleScanTarget(
  { target }: { readonly target: Target },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  const { scans } = deps.ledger;
  const begun = await scans.begin(target, deps.timings.leaseMs);
  deps.clock.told(begun.begunAtMs);
  ctx.note({ target: targetId(target), sweepId: begun.sweepId });
  const { result } = await finishAfter(
    deps,
    { kind: 'scan', member: targetId(target), ...begun },
    () => scan(begun, ctx, deps),
    (leaseEndMs, nextInMs, left) => scans.end({ ...begun, leaseEndMs }, left?.coverage ?? null, nextInMs),
  );
  return result;
}

async function scan(begun: BegunScan, ctx: JobContext, deps: HandlerDeps): Promise<ScanOutcome> {
  const { target, scope } = begun;
  if (scope?.regions?.includes(target.region) !== true) return retire(target, scope, deps);
  const { account } = scope;
  const proven = await scopeOfAccount(account, 'read', ctx.signal, deps);
  if (proven.kind === 'unproven') {
    return notRead('unproven', await awaitProof(target.accountId, proven.seal, deps));
  }
  if (await lacksAccountTags(account, ctx.signal, deps)) {
    // It is unknown whether the target is in scope: nothing in it is taken for gone, and nothing is sent.
    return notRead('unknown', deps.config.pollIntervalMs);
  }
  // The next listing of accounts says so too, and retires its targets.
  if (proven.kind === 'outside') return notRead('outside', deps.config.pollIntervalMs);
  const groups = groupByRole(proven.matchers, target.accountId, target.region);
  if (groups.length === 0) {
    // The region is listed, and not by this configuration: the account's regions are asked for anew.
    await deps.ledger.due.schedule('regions', [target.accountId]);
    return retire(target, { account, regions: [] }, deps);
  }
  try {
    const { readingMs, sweepId } = begun;
    const reading = { target, account, groups, before: scope.coverage, readingMs, sweepId };
    return await readTarget(begun, reading, ctx, deps);
  } catch (error) {
    const failure = coverageOfFailure(error, scope.coverage, begun.readingMs, deps);
    if (failure === null) throw error;
    const { status, detail } = failure.coverage;
    ctx.log.warn({ status, detail }, 'target not read');
    return { ...failure, result: { status, seen: 0, queued: 0, changed: 0 } };
  }
}

async function readTarget(
  begun: BegunScan,
  reading: TargetReading,
  { signal, log }: JobContext,
  deps: HandlerDeps,
): Promise<ScanOutcome> {
  const { target, account, groups, before } = reading;
  const listed = await listSightings(target, groups, signal, deps, account);
  const digest = digestOfSightings(listed, begun, deps.config);
  const done = (coverage: Coverage, written: Written): ScanOutcome => ({
    nextInMs: deps.config.pollIntervalMs,
    coverage,
    result: { status: coverage.status, seen: listed.size, ...written },
  });
  if (begun.rest?.digest === digest && deps.clock.now() < begun.rest.untilMs) {
    return done(completeCoverage(begun.readingMs), { queued: 0, changed: 0 });
  }
  const [{ records, summary, management }, marked] = await Promise.all([
    readLedger(target, deps),
    markAdded({ account, target }, listed, signal, deps),
  ]);
  const { sightings } = marked;
  const decision = await decideTarget(reading, sightings, records, signal, deps);
  await countAdded(target, marked, decision.next, deps);
  const written = await writeDecision(reading, decision, records, deps);
  await trackHostManagement(reading, decision, management, { signal, log }, deps);
  const bystanders = bystandersOf(sightings, decision.next, groups);
  await deps.ledger.enrollments.putBystanders(target, bystanders);
  const labeledUntilMs = await trackLabels(target, { sightings, records: decision.next, summary }, deps);
  const untilMs = restUntil(decision, labeledUntilMs, deps);
  if (untilMs !== null) await deps.ledger.scans.putRest(begun, { digest, untilMs });
  const { denial } = decision;
  const { readingMs } = begun;
  return done(
    denial === null ? completeCoverage(readingMs) : partialCoverage(denial, before, readingMs),
    written,
  );
}

function notRead(status: string, nextInMs: number | null, changed = 0): ScanOutcome {
  return { nextInMs, coverage: null, result: { status, seen: 0, queued: 0, changed } };
}

async function retire(
  target: Target,
  known: Pick<TargetScope, 'account' | 'regions'> | null,
  deps: HandlerDeps,
): Promise<ScanOutcome> {
  await countNone(target, deps);
  const { nextInMs, changed } = await retireTarget(target, known, deps);
  return notRead('retired', nextInMs, changed);
}

async function lacksAccountTags(
  account: Account,
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'config' | 'organization'>,
): Promise<boolean> {
  const { matchers } = deps.config;
  if (account.tags !== undefined || matchers.every((one) => one.accountTags === undefined)) return false;
  return needsAccountTags(matchers, account, await callerAccountOf(deps, signal));
}

/** The target's records, and what its labels and its host management last came to: asked for at once, so that all travel together. */
async function readLedger(
  target: Target,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<{
  readonly records: TargetRecords;
  readonly summary: LabelSummary | null;
  readonly management: KnownHostManagement;
}> {
  const [records, summary, management] = await Promise.all([
    readRecords(target, deps),
    deps.config.labels.enabled ? deps.ledger.labels.summary(target) : null,
    deps.ledger.hostManagement.read(target),
  ]);
  return { records, summary, management };
}

/** The instances that a reading saw and that have no record, with what they are. */
function bystandersOf(
  sightings: ReadonlyMap<InstanceId, Sighting>,
  records: ReadonlyMap<InstanceId, StoredRecord>,
  groups: readonly RoleGroup[],
): Bystanders {
  const bystanders = new Map<InstanceId, BystanderKind>();
  for (const [id, sighting] of sightings) {
    const kind = records.has(id) ? null : kindOf(sighting, groups);
    if (kind !== null) bystanders.set(id, kind);
  }
  return bystanders;
}

function kindOf({ instance, owner }: Sighting, groups: readonly RoleGroup[]): BystanderKind | null {
  if (owner === null) {
    const excluded = groups.some(({ matchers }) =>
      matchers.some((matcher) => excludesInstance(matcher, instance)),
    );
    return excluded ? 'opted-out' : 'unmatched';
  }
  if (instance.state === 'pending') return 'starting';
  return instance.state === 'stopping' || instance.state === 'stopped' ? 'stopped' : null;
}
