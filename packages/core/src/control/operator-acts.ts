/** What an operator does, free of any command line: the CLI calls these, and an API may. Each takes a scope and says what it touched. */
import type { MusterConfig } from '../config/model.ts';
import { nearest } from '../config/source/suggest.ts';
import { type ApplyDeps, applyEvents } from '../enrollment/apply-events.ts';
import { CAUSES, isCause } from '../enrollment/cause.ts';
import { causeOf, type StoredRecord } from '../enrollment/record.ts';
import { type Catalog, ORGANIZATION_MEMBER } from '../jobs/catalog.ts';
import type { PayloadOf } from '../jobs/define-job.ts';
import { type InstanceId, Region } from '../organization/ids.ts';
import { type Target, targetId } from '../organization/target.ts';
import { resumeRampId, retryRampId } from '../rollout/ramp/ramp-cover.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Approval, ApprovalRequest } from './approval.ts';
import type { Ledger } from './ledger.ts';
import { isEndedNote, isEndedPause, isEndedRamp } from './resume-effects.ts';
import { covers, printScope, type Scope } from './scope.ts';
import { liveCommands, targetsIn } from './touched-hosts.ts';

interface ActDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface RampSettings {
  readonly config: Pick<MusterConfig, 'rollout'>;
}

/** How far an act reached. */
export interface Reached {
  readonly accounts: number;
  readonly hosts: number;
}

/** Tries again now what has failed or could not be sent to; what waits for its back-off, too. */
export async function retryScope(
  deps: ActDeps & Pick<ApplyDeps, 'config' | 'random'> & RampSettings,
  scope: Scope,
): Promise<Reached> {
  const { ledger } = deps;
  const now = deps.clock.now();
  const accounts = new Set<string>();
  let hosts = 0;
  const ramp = await beginRetryRamp(deps, scope);
  for (const target of await targetsIn(ledger, scope, ['queued', 'failed', 'ineligible', 'lost'])) {
    const records = await ledger.enrollments.readAll(target);
    const chosen = new Map(
      [...records].filter(([, { value }]) => !isReady(value, now) && covers(scope, placeOf(target, value))),
    );
    if (chosen.size === 0) continue;
    const entry = { member: targetId(target), inMs: 0 };
    const written = await applyEvents(deps, target, chosen, () => [
      { kind: 'retry-requested', ramp: ramp ?? undefined },
    ]);
    if (written.length === 0) continue;
    accounts.add(target.accountId);
    hosts += written.length;
    // What could not be sent to is judged anew by a scan; what had failed is sent to at once.
    if (written.some(({ after }) => after.state === 'discovered')) await ledger.due.schedule('scan', [entry]);
    await ledger.due.schedule('install', [entry]);
  }
  // A few need no ramp, and a retry that found none had nothing to begin.
  if (ramp !== null && hosts <= deps.config.rollout.ramp.first) await ledger.ramps.drop(ramp);
  return { accounts: accounts.size, hosts };
}

/** Begun before the first record says so: no host of a retry of many is sent to without it. */
async function beginRetryRamp(
  { ledger, clock, config, random }: ActDeps & RampSettings & Pick<ApplyDeps, 'random'>,
  scope: Scope,
): Promise<string | null> {
  const rule = config.rollout.ramp;
  if (rule.off || scope.kind === 'instance') return null;
  const id = retryRampId(clock.now(), random());
  await ledger.ramps.begin(
    id,
    { kind: 'retry', subject: printScope(scope), nowMs: clock.now() },
    rule,
    'anew',
  );
  return id;
}

/** Has SSM asked to cancel live commands: `enqueue` gives the jobs to the workers. A live command has no cause yet. */
export async function cancelScope(
  { ledger }: Pick<ActDeps, 'ledger'>,
  scope: Exclude<Scope, { kind: 'cause' }>,
  enqueue: (payloads: readonly PayloadOf<Catalog['cancel-command']>[]) => Promise<void>,
): Promise<Reached & { readonly commands: number }> {
  const live = await liveCommands(ledger, scope);
  await enqueue(live.map(({ target, batchId, instanceId }) => ({ target, batchId, instanceId })));
  return {
    accounts: new Set(live.map(({ target }) => target.accountId)).size,
    hosts: live.reduce((sum, { hosts }) => sum + hosts, 0),
    commands: live.length,
  };
}

/** No send starts in the scope after this; what has begun goes on. */
export async function pauseScope({ ledger, clock }: ActDeps, scope: Scope, reason: string): Promise<void> {
  await ledger.control.pause({ scope: printScope(scope), atMs: clock.now(), by: 'operator', reason });
}

/**
 * Ends a pause, a brake, the hold and a suspected loss of inventory, and wakes what waited for it.
 *
 * @returns whether there was anything to end
 */
export async function resumeScope(deps: ActDeps & RampSettings, scope: Scope): Promise<boolean> {
  const { ledger, clock } = deps;
  const text = printScope(scope);
  const ramp = await beginResumeRamps(deps, scope);
  let resumed = await ledger.control.resume(text);
  await ledger.control.resetBrake(text, clock.now());
  await ledger.control.clear('brake-engaged', text);
  for (const finding of await ledger.control.findings()) {
    if (isEndedNote(finding, text)) await ledger.control.clear(finding.kind, finding.scope);
  }
  if (scope.kind === 'all') {
    for (const pause of await ledger.control.pauses()) {
      if (isEndedPause(pause, text)) await ledger.control.resume(pause.scope);
    }
    await ledger.control.releaseHold();
    await ledger.control.clear('hold-first-send', 'all');
    const facts = await ledger.nodes.facts();
    // The smaller inventory is the true one, says the operator: the next reading is not compared with the last.
    if (facts.dropped) await ledger.nodes.publish({ ...facts, nodes: 0, error: null, dropped: false });
    resumed = true;
  }
  const targets = await ledger.enrollments.populated();
  if (ramp === resumeRampId('all')) {
    // It wakes as many as its steps let in.
    await ledger.ramps.wait(ramp, targets);
    return resumed;
  }
  await ledger.due.schedule(
    'install',
    targets.map((target) => ({ member: targetId(target), inMs: 0 })),
  );
  return resumed;
}

/**
 * What a brake had stopped begins with a few hosts, and so does each ramp that had stopped. Before the pause is gone: a send
 * that no longer sees that sees the ramp.
 *
 * @returns the ramp of this resume; null when it ends no brake
 */
async function beginResumeRamps(
  { ledger, clock, config }: ActDeps & RampSettings,
  scope: Scope,
): Promise<string | null> {
  const rule = config.rollout.ramp;
  if (rule.off || (scope.kind !== 'all' && scope.kind !== 'account')) return null;
  const text: 'all' | `account:${string}` = scope.kind === 'all' ? 'all' : `account:${scope.value}`;
  const nowMs = clock.now();
  for (const { id, kind, subject, stoppedAtMs } of await ledger.ramps.all()) {
    if (stoppedAtMs === null || !isEndedRamp({ id }, printScope(scope))) continue;
    await ledger.ramps.begin(id, { kind, subject, nowMs }, rule, 'anew');
    await ledger.control.clear('ramp-stopped', id);
  }
  const pauses = await ledger.control.pauses();
  const isBraked =
    pauses.some((pause) => pause.by === 'brake' && pause.scope === text) ||
    (await ledger.control.raised(['brake-engaged'], text)).has('brake-engaged');
  if (!isBraked) return null;
  const id = resumeRampId(text);
  await ledger.ramps.begin(id, { kind: 'resume', subject: text, nowMs }, rule, 'anew');
  return id;
}

/** Pins what the operator was shown, and wakes what waited for it: the targets of hosts, or the clean-up. @param by who, for people */
export async function approveRequest(
  { ledger }: Pick<ActDeps, 'ledger'>,
  shown: ApprovalRequest,
  by: string,
): Promise<Approval> {
  const approval = await ledger.approvals.approve(shown, by);
  if (shown.subject === 'cleanup:nodes') {
    await ledger.due.schedule('cleanup', [{ member: ORGANIZATION_MEMBER, inMs: 0 }]);
    return approval;
  }
  const waiting = await ledger.enrollments.targetsWith({ state: 'queued' }, { state: 'failed' });
  await ledger.due.schedule(
    'install',
    waiting.map((target) => ({ member: targetId(target), inMs: 0 })),
  );
  return approval;
}

/** Waits for nothing but its turn: there is nothing to try again. */
function isReady(record: StoredRecord, nowMs: number): boolean {
  return record.state === 'queued' && record.readyAtMs <= nowMs;
}

function placeOf(target: Target, record: StoredRecord): Parameters<typeof covers>[1] {
  return { ...target, instanceId: record.instanceId, cause: causeOf(record) };
}

type ScopeLedger = Pick<Ledger, 'coverage' | 'enrollments' | 'control'>;

/**
 * Why no operator's act is about this scope: it is not there. Names the nearest that is, for a slip must not look like a
 * pause. Null for one that is.
 *
 * @param stands whether the scope is accepted as long as a pause of it stands, for what has vanished since
 */
export async function faultOfScope(
  ledger: ScopeLedger,
  scope: Scope,
  stands = false,
): Promise<string | null> {
  if (scope.kind === 'all' || (scope.kind === 'cause' && isCause(scope.value))) return null;
  if (stands && (await isPaused(ledger, scope))) return null;
  const { kind, value } = scope;
  if (kind === 'instance') {
    if (await isKnownInstance(ledger, value)) return null;
    return `--instance ${value}: no scan has seen such an instance running and wanted by a matcher (muster explain ${value} tells more)`;
  }
  if (kind === 'cause') {
    // A cause of a newer release is there when an instance has it.
    if ((await ledger.enrollments.counts()).causes.has(value)) return null;
    const near = nearest(value, Object.keys(CAUSES));
    const hint = near === null ? 'muster findings lists those that are met' : `did you mean ${near}?`;
    return `--cause ${value}: there is no such cause: ${hint}`;
  }
  const known = kind === 'account' ? await knownAccounts(ledger) : await knownRegions(ledger);
  if (known.has(value)) return null;
  if (known.size === 0) {
    return `--${kind} ${value}: no ${kind} is known yet, the organization has not been read. To send nothing at all: muster pause --all`;
  }
  const near = nearest(value, known);
  const hint = near === null ? `muster coverage lists those that are` : `did you mean ${near}?`;
  return `--${kind} ${value}: no such ${kind} is in scope: ${hint}`;
}

async function isPaused({ control }: ScopeLedger, scope: Scope): Promise<boolean> {
  const [pauses, findings] = await Promise.all([control.pauses(), control.findings()]);
  return [...pauses, ...findings].some((one) => one.scope === printScope(scope));
}

/** In scope, or with records or commands left from when it was. */
async function knownAccounts({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [accounts, populated] = await Promise.all([coverage.accountIds(), enrollments.populated()]);
  return new Set<string>([...accounts, ...populated.map(({ accountId }) => accountId)]);
}

async function knownRegions({ coverage, enrollments }: ScopeLedger): Promise<ReadonlySet<string>> {
  const [regions, populated] = await Promise.all([coverage.regions(), enrollments.populated()]);
  return new Set<string>(
    [...regions, ...populated.map(({ region }) => region)].map((one) => Region.parse(one)),
  );
}

async function isKnownInstance({ enrollments }: ScopeLedger, id: InstanceId): Promise<boolean> {
  const target = await enrollments.targetOf(id);
  return target !== null && (await enrollments.read(target, [id])).has(id);
}
