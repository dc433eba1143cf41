import { renderInstall } from '@muster/core/domain/installer/render-install';
import type { SendResult, TargetAccess } from '@muster/core/domain/command';
import { pausedBy } from '@muster/core/domain/control';
import { isJobError, JobError } from '@muster/core/domain/errors';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment';
import type { BatchId, InstanceId } from '@muster/core/domain/ids';
import { markerOf, type Intent } from '@muster/core/domain/intent';
import { roleFor, type Matcher } from '@muster/core/domain/matcher';
import { matchersOfAccount } from '@muster/core/domain/matcher-scope';
import { targetId, type Target } from '@muster/core/domain/target';
import { collectMember } from '@muster/core/jobs/due-jobs';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { Versioned } from '@muster/core/ports/ledger';
import { applyEvents, runEvents, transitionContext } from '../apply-events.ts';
import { callerAccountOf, type HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { reconcileTarget } from '../reconcile-target.ts';
import { partialCoverage } from '../scan-coverage.ts';
import { askSendPermission } from '../send-permission.ts';
import { recordAccepted, recordRefused } from '../send-outcome.ts';

type Result = { sent: number; instances: number; stopped: string };
type Candidate = Versioned<EnrollmentRecord> & { readonly instanceId: InstanceId };

/** SSM's limit of instance ids in one command. */
const BATCH_LIMIT = 50;
/** Turns of one job, each a command or a try at one, before others have theirs. */
const TURNS_PER_JOB = 20;
/** Candidates looked at for one batch: more than a batch, since some are paused or have joined. */
const LOOK_AT = 200;
/** More than any target can hold. */
const MANY = 100_000;

/**
 * Sends to one target's candidates, batch after batch, as the protocol of docs/sending-once.md says: claim with an
 * intent in one write, send once, record. Killed between any two lines it leaves an intent that `collect-command` ends.
 */
export async function handleInstallBatch(
  { target }: { readonly target: Target },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'install', targetId(target), 2 * deps.timings.leaseMs, async () => {
    const known = await deps.ledger.coverage.account(target.accountId);
    if (known === null) return done(null, 0, 0, 'forgotten');
    const matchers = matchersOfAccount(
      deps.config.matchers,
      known.account,
      await callerAccountOf(deps, ctx.signal),
    );
    return sendAll(target, matchers, ctx, deps);
  });
}

/** Batch after batch, until there is nothing to send, something says wait, or others should have a turn. */
async function sendAll(
  target: Target,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  let sent = 0;
  let instances = 0;
  let limit = BATCH_LIMIT;
  for (let turn = 0; turn < TURNS_PER_JOB; turn += 1) {
    const now = deps.clock.now();
    if (ctx.signal.aborted) return done(now, sent, instances, 'aborted');
    const permission = await askSendPermission(deps);
    if (permission.kind === 'withheld') {
      return done(now + heldMs(permission.reason, deps), sent, instances, permission.reason);
    }
    const epoch = await enterEpoch(target, matchers, ctx, deps).catch(asDenial);
    if (epoch instanceof JobError) {
      await withdrawCandidates(target, epoch, deps);
      return done(null, sent, instances, 'denied');
    }
    if (typeof epoch !== 'string') return done(epoch.notBeforeMs, sent, instances, 'epoch');
    const batch = await pickBatch(target, matchers, permission.pauses, limit, deps);
    if (batch === null) return nothingToSend(target, sent, instances, deps);
    const step = await sendBatch(target, batch, epoch, ctx, deps);
    if (step.kind === 'full') return done(now + deps.timings.retryMs, sent, instances, 'cap');
    if (step.kind === 'wait') return done(now + step.waitMs, sent, instances, 'throttled');
    // A whole call that names no culprit is halved until the culprit stands alone.
    limit = step.kind === 'halve' ? Math.max(1, Math.ceil(step.size / 2)) : BATCH_LIMIT;
    if (step.kind === 'sent') {
      sent += 1;
      instances += step.size;
    }
  }
  return done(deps.clock.now(), sent, instances, 'turn over');
}

/** A role that may not list commands cannot send safely, and that is a finding about the account, not a failed job. */
function asDenial(error: unknown): JobError {
  if (isJobError(error, 'aws.denied', 'aws.region-off')) return error;
  throw error;
}

/** Nothing is sent to a target whose commands cannot be looked at: its candidates say why, and so does its coverage. */
async function withdrawCandidates(target: Target, denial: JobError, deps: HandlerDeps): Promise<void> {
  const ids = await deps.ledger.enrollments.candidates(target, Number.MAX_SAFE_INTEGER, MANY);
  const records = await deps.ledger.enrollments.read(target, ids);
  const judgment = { kind: 'ineligible', cause: 'ec2-perm-account-denied' } as const;
  await applyEvents(deps, target, records, () => [{ kind: 'judged', judgment }]);
  const before = await deps.ledger.coverage.read(target);
  await deps.ledger.coverage.put(target, partialCoverage(denial, before, deps.clock.now()));
}

/** Due again when the next candidate is; those that wait although their time has come are paused, and looked at seldom. */
async function nothingToSend(
  target: Target,
  sent: number,
  instances: number,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const now = deps.clock.now();
  const nextAtMs = await deps.ledger.enrollments.nextCandidateAt(target);
  if (nextAtMs === null) return done(null, sent, instances, 'idle');
  return done(nextAtMs > now ? nextAtMs : now + deps.timings.heldMs, sent, instances, 'idle');
}

function done(nextAtMs: number | null, sent: number, instances: number, stopped: string): DueOutcome<Result> {
  return { nextAtMs, result: { sent, instances, stopped } };
}

function heldMs(reason: 'paused' | 'held' | 'inventory', deps: HandlerDeps): number {
  // The inventory comes back by itself, and soon; pauses and the hold are lifted by a person, who wakes the targets.
  return reason === 'inventory' ? deps.timings.retryMs : deps.timings.heldMs;
}

/**
 * The current epoch, once the target's own commands were looked through under it. A send that began under the last one
 * may still be on its way, and SSM may hide it for a while: so the look is only worth something after that.
 */
async function enterEpoch(
  target: Target,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<string | { readonly notBeforeMs: number }> {
  const epoch = await deps.ledger.control.epoch();
  const before = await deps.ledger.enrollments.reconciledEpoch(target);
  if (before === epoch) return epoch;
  const now = deps.clock.now();
  const { sendWindowMs, visibilityMs } = deps.config.install;
  const seenAtMs = await deps.ledger.control.epochSeenAt(epoch, now);
  const notBeforeMs = seenAtMs + sendWindowMs + visibilityMs + deps.timings.clockSkewMs;
  if (now < notBeforeMs) return { notBeforeMs };
  const adopted = await reconcileTarget(target, matchers, ctx.signal, deps);
  if (adopted > 0) ctx.log.warn({ target: targetId(target), adopted }, 'live commands adopted');
  if (adopted > 0 || before !== null) await raiseEpochFinding(deps);
  await deps.ledger.enrollments.setReconciledEpoch(target, epoch);
  return epoch;
}

/** People should know that Redis was not what it had been: some of what they ordered may be lost. */
async function raiseEpochFinding({ ledger, clock }: HandlerDeps): Promise<void> {
  await ledger.control.raise({
    kind: 'ledger-epoch-changed',
    scope: 'all',
    sinceMs: clock.now(),
    message:
      'Redis was restarted, restored, emptied or failed over. Live commands were looked for in AWS and taken in.',
    remedy:
      'Pauses that are not in the configuration, back-off and history may be lost: set pauses again where they are needed. muster resume --all takes this note away.',
  });
}

interface Batch {
  readonly matcher: Matcher;
  readonly candidates: readonly Candidate[];
}

/** Up to `limit` candidates that share one command; null when there is none. What has joined meanwhile is recorded and left out. */
async function pickBatch(
  target: Target,
  matchers: readonly Matcher[],
  pauses: ReadonlySet<string>,
  limit: number,
  deps: HandlerDeps,
): Promise<Batch | null> {
  const ids = await deps.ledger.enrollments.candidates(target, deps.clock.now(), LOOK_AT);
  const records = await deps.ledger.enrollments.read(target, ids);
  const joined = await deps.ledger.nodes.find(target.accountId, ids);
  if (joined.size > 0) {
    await applyEvents(deps, target, records, (id) => {
      const nodeId = joined.get(id);
      return nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
    });
  }
  // A command may be live on an instance whose record does not know it: one adopted before its record was there.
  const intents = await deps.ledger.enrollments.intents(target);
  const open = new Set(intents.flatMap(({ value }) => value.instanceIds));
  const free: Candidate[] = [];
  for (const [instanceId, stored] of records) {
    if (open.has(instanceId) || isLeftForLater(stored.value, deps)) continue;
    const cause = stored.value.state === 'failed' ? stored.value.cause : null;
    if (joined.has(instanceId) || pausedBy(pauses, { ...target, instanceId, cause }) !== null) continue;
    free.push({ ...stored, instanceId });
  }
  const matcher = await ownerOf(free, matchers, target, deps);
  if (matcher === null) return null;
  return { matcher, candidates: free.filter((one) => one.value.matcherKey === matcher.key).slice(0, limit) };
}

/** A run that ends by itself tries each instance once: what failed since it began waits for a later run. */
function isLeftForLater(record: EnrollmentRecord, { leaveFailedSinceMs }: HandlerDeps): boolean {
  return leaveFailedSinceMs !== null && record.state === 'failed' && record.changedAtMs >= leaveFailedSinceMs;
}

/** The matcher of the first candidate that has one here. A key nobody holds means that workers run different configurations. */
async function ownerOf(
  candidates: readonly Candidate[],
  matchers: readonly Matcher[],
  target: Target,
  deps: HandlerDeps,
): Promise<Matcher | null> {
  for (const { value } of candidates) {
    const matcher = matchers.find((one) => one.key === value.matcherKey);
    if (matcher !== undefined) return matcher;
  }
  if (candidates.length > 0) {
    await deps.ledger.control.raise({
      kind: 'config-skew',
      scope: targetId(target),
      sinceMs: deps.clock.now(),
      message: 'Instances wait for a matcher that this worker does not have.',
      remedy:
        'Give all workers the same configuration and restart them; the next scan assigns the instances anew.',
    });
  }
  return null;
}

type Step =
  | { readonly kind: 'sent'; readonly size: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'halve'; readonly size: number }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'full' }
  | { readonly kind: 'claimed-elsewhere' };

async function sendBatch(
  target: Target,
  batch: Batch,
  epoch: string,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Step> {
  const waitMs = await deps.ledger.pacing.take(target, 'ssm:SendCommand');
  if (waitMs > 0) return { kind: 'wait', waitMs };
  const batchId = deps.newId() as BatchId;
  const { limits } = deps.config;
  const granted = await deps.ledger.control.reserve(target, batchId, batch.candidates.length, {
    all: limits.installsInFlight,
    account: limits.installsInFlightPerAccount,
    target: limits.installsInFlightPerTarget,
  });
  if (granted === 0) return { kind: 'full' };
  const intent = await claim(target, batch.matcher, batch.candidates.slice(0, granted), batchId, epoch, deps);
  if (intent === null) {
    await deps.ledger.control.release(target, batchId);
    return { kind: 'claimed-elsewhere' };
  }
  const result = await send(target, batch.matcher, intent, ctx, deps);
  return settle(target, intent, result, ctx, deps);
}

/** Writes the intent and moves its records to `sending`, all or nothing. Null when somebody else moved one of them first. */
async function claim(
  target: Target,
  matcher: Matcher,
  candidates: readonly Candidate[],
  batchId: BatchId,
  epoch: string,
  deps: HandlerDeps,
): Promise<Intent | null> {
  const context = transitionContext(deps);
  const changes = candidates.flatMap(({ instanceId, version, value }) => {
    const after = runEvents(value, [{ kind: 'claimed', batchId }], context);
    return after === null || after === value ? [] : [{ instanceId, expected: version, value: after }];
  });
  if (changes.length === 0) return null;
  const intent: Intent = {
    batchId,
    matcherKey: matcher.key,
    documentName: matcher.install.documentName,
    instanceIds: changes.map((change) => change.instanceId),
    intentAtMs: context.nowMs,
    notAfterMs: context.nowMs + deps.config.install.sendWindowMs,
    epoch,
    command: null,
    polls: 0,
  };
  // Whoever finds this batch later must find it due: so that is written first.
  await deps.ledger.due.schedule('collect', [
    { member: collectMember(target, batchId), atMs: intent.notAfterMs },
  ]);
  const words = await deps.ledger.enrollments.write(target, 'all', changes, [
    { batchId, expected: 0, value: intent },
  ]);
  return words.every((word) => word === 'written') ? intent : null;
}

async function send(
  target: Target,
  matcher: Matcher,
  intent: Intent,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<SendResult> {
  // The last look at the brakes, after the claim and right before the call: a pause stops sends that have not begun.
  const [permission, epoch] = [await askSendPermission(deps), await deps.ledger.control.epoch()];
  const paused =
    permission.kind === 'withheld' ||
    intent.instanceIds.some(
      (instanceId) => pausedBy(permission.pauses, { ...target, instanceId, cause: null }) !== null,
    );
  if (paused || epoch !== intent.epoch) {
    return {
      kind: 'refused',
      reason: 'not-sent',
      instanceIds: [],
      message: 'paused',
      awsCode: '',
      retryAfterMs: null,
    };
  }
  const access: TargetAccess = { ...target, role: roleFor(matcher, target.accountId) };
  const { documentName, parameters } = renderInstall(matcher.install, {
    executionTimeoutSeconds: deps.config.install.executionTimeoutSeconds,
  });
  return deps.commands.sendCommand(
    access,
    {
      documentName,
      parameters,
      instanceIds: intent.instanceIds,
      comment: markerOf(deps.installation, intent.batchId),
      deliveryTimeoutSeconds: deps.config.install.deliveryTimeoutSeconds,
      notAfterMs: intent.notAfterMs,
    },
    ctx.signal,
  );
}

async function settle(
  target: Target,
  intent: Intent,
  result: SendResult,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Step> {
  const size = intent.instanceIds.length;
  const facts = { target: targetId(target), batchId: intent.batchId, instances: size };
  switch (result.kind) {
    case 'accepted':
      await recordAccepted(target, intent, result, deps);
      ctx.log.info({ ...facts, commandId: result.commandId }, 'command sent');
      return { kind: 'sent', size };
    case 'ambiguous':
      ctx.log.warn({ ...facts, detail: result.message }, 'answer to a send was lost');
      return { kind: 'sent', size };
    case 'refused': {
      ctx.log.warn({ ...facts, reason: result.reason, awsCode: result.awsCode }, 'send refused');
      const waitMs = await recordRefused(target, intent, result, deps);
      if (waitMs !== null) return { kind: 'wait', waitMs };
      const nameless = result.reason === 'invalid-instance-id' && result.instanceIds.length === 0 && size > 1;
      return nameless ? { kind: 'halve', size } : { kind: 'refused' };
    }
    default:
      return result satisfies never;
  }
}
