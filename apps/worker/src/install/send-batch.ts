import { transitionContext } from '@muster/core/enrollment/apply-events';
import { type Caps, OF_INSTALL_JOB } from '@muster/core/enrollment/enrollment-store';
import { onItsWay } from '@muster/core/enrollment/next-record';
import type { EnrollmentRecord } from '@muster/core/enrollment/record';
import { runEvents } from '@muster/core/enrollment/transition';
import type { SendResult, TargetAccess } from '@muster/core/install/command';
import { type Intent, intentSeal } from '@muster/core/install/intent';
import { keyIdsOf } from '@muster/core/install/mac';
import { markerOf } from '@muster/core/install/marker';
import { renderInstall } from '@muster/core/install/render-install';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { BatchId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { readGateFacts } from '@muster/core/rollout/gate-facts';
import { closedGate } from '@muster/core/rollout/gates';
import { isJobError, type JobError } from '@muster/core/runtime/errors';
import { type InstallSettings, needsManagedUpdates, roleFor } from '@muster/core/scan/matcher';
import type { SpanFacts } from '@muster/core/tracing/tracing';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from '../organization/account-scope.ts';
import type { RampedBatch } from '../rollout/ramp-slots.ts';
import { askSendPermission } from '../rollout/send-permission.ts';
import { causesOfInvalidIds } from './invalid-instances.ts';
import type { Batch } from './pick-batch.ts';
import { type BatchToSend, proveRecipients } from './prove-recipients.ts';
import { recordAccepted, recordRefused } from './send-outcome.ts';

/** Hosts of a batch were queued by one sweep, or by few. */
const SWEEPS_SHOWN = 10;

/** No send starts later than this after a pause. Real time. */
const PAUSE_COUNTS_AFTER_MS = 2_000;

/** What became of one batch, as far as the next one is concerned. */
export type Step =
  | { readonly kind: 'sent'; readonly size: number }
  | { readonly kind: 'refused' }
  | { readonly kind: 'halve'; readonly size: number }
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** AWS may not be asked who the recipients are. */
  | { readonly kind: 'denied'; readonly error: JobError }
  /** None of the batch is to be sent to. */
  | { readonly kind: 'left-out' }
  /** `full`: what has no room, as `Room` names it; nothing where the room is gone meanwhile. */
  | { readonly kind: 'full'; readonly full: readonly string[] }
  /** A ramp's slots are gone meanwhile. */
  | { readonly kind: 'no-slots' }
  | { readonly kind: 'claimed-elsewhere' };

/** What is to be sent, and what was asked about it. */
interface SendOrder extends BatchToSend {
  readonly batch: RampedBatch;
  /** The one under which the target's own commands were listed. */
  readonly epoch: string;
}

/** One batch through steps 3 to 7 of docs/sending-once.md: room, proof, intent, send, record. */
export async function sendBatch(
  target: Target,
  { batch, scope, epoch }: SendOrder,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Step> {
  const waitMs = await deps.ledger.pacing.take(target, 'ssm:SendCommand');
  if (waitMs > 0) return { kind: 'wait', waitMs };
  const caps = capsOf(batch, deps);
  const room = await deps.ledger.caps.room(target, caps);
  if (room.hosts === 0) return { kind: 'full', full: room.full };
  // The answer of EC2 is as old as the intent will be: both are worth something for one send window.
  const { sendWindowMs } = deps.config.install;
  const notAfterMs = deps.clock.now() + sendWindowMs;
  // The same moment by the counter that no clock sets: this process keeps to it, the others read the intent.
  const windowEndMonotonicMs = deps.clock.monotonicMs() + sendWindowMs;
  const asked: RampedBatch = { ...batch, candidates: batch.candidates.slice(0, room.hosts) };
  const proof = await proveRecipients(target, { batch: asked, scope }, windowEndMonotonicMs, ctx, deps);
  if (proof.kind !== 'proven') return proof;
  if (proof.candidates.length === 0) return { kind: 'left-out' };
  const proven = new Set(proof.candidates.map(({ instanceId }) => instanceId));
  const claimed = {
    ...asked,
    candidates: asked.candidates.filter(({ instanceId }) => proven.has(instanceId)),
  };
  const intent = await claim(target, claimed, caps, { epoch, notAfterMs }, deps);
  if (intent === 'full') return { kind: 'full', full: [] };
  if (intent === 'no-slots') return { kind: 'no-slots' };
  if (intent === null) return { kind: 'claimed-elsewhere' };
  const access: TargetAccess = { ...target, role: roleFor(batch.matcher, target.accountId) };
  return deps.tracing.inSpan(
    () => spanOfBatch(target, intent),
    async (span) => {
      const result = await send(access, { batch, intent, windowEndMonotonicMs }, ctx, deps);
      span.set({ 'muster.send': result.kind });
      if (result.kind === 'refused') span.fail(result.reason);
      if (result.kind === 'accepted') span.set({ 'muster.command.id': result.commandId });
      return recordResult(access, intent, result, ctx, deps);
    },
  );
}

/** The first one of the batch's trace: its send. Whatever process follows the batch goes on in it. */
function spanOfBatch({ accountId, region }: Target, { batchId, sweepIds, instanceIds }: Intent): SpanFacts {
  return {
    name: 'send-batch',
    place: { begins: batchId },
    attributes: {
      'muster.batch.id': batchId,
      'muster.batch.instances': instanceIds.length,
      ...(sweepIds === undefined ? {} : { 'muster.sweep.ids': sweepIds }),
      'cloud.account.id': accountId,
      'cloud.region': region,
    },
  };
}

function capsOf({ repairs, wave }: Batch, { config: { limits, repair } }: HandlerDeps): Caps {
  return {
    all: limits.installsInFlight,
    account: limits.installsInFlightPerAccount,
    target: limits.installsInFlightPerTarget,
    ...(repairs ? { repair: repair.inFlight, repairRate: repair } : {}),
    ...(wave === null || wave.inFlight === null
      ? {}
      : { wave: { name: wave.name, inFlight: wave.inFlight } }),
  };
}

/**
 * Writes the intent, moves its records to `sending` and takes room under the caps, all or nothing. Null when another process
 * moved one of the records first; `full` when the room is gone meanwhile, `no-slots` when those of a ramp are.
 */
async function claim(
  target: Target,
  { matcher, candidates }: RampedBatch,
  caps: Caps,
  { epoch, notAfterMs }: Pick<Intent, 'epoch' | 'notAfterMs'>,
  deps: HandlerDeps,
): Promise<Intent | 'full' | 'no-slots' | null> {
  const batchId = deps.newId() as BatchId;
  const context = transitionContext(deps);
  const [keyId] = keyIdsOf(deps.config.markerKeys);
  const changes = candidates.flatMap(({ instanceId, version, value, ramps }) => {
    const after = runEvents(value, [{ kind: 'claimed', batchId }], context);
    if (after === null || after === value || after.state === 'unknown') return [];
    return [{ instanceId, expected: version, value: after, ramps }];
  });
  if (changes.length === 0) return null;
  const intent: Intent = {
    batchId,
    matcherKey: matcher.key,
    documentName: matcher.install.documentName,
    instanceIds: changes.map((change) => change.instanceId),
    intentAtMs: context.nowMs,
    notAfterMs,
    epoch,
    command: null,
    polls: 0,
    ...sweepsOf(changes.map(({ value }) => value)),
    ...(keyId === undefined ? {} : { keyId }),
    seal: intentSeal(sealerOf(deps), target, batchId),
  };
  const change = { batchId, expected: 0, value: intent, lookAtMs: intent.notAfterMs };
  const results = await deps.ledger.enrollments.write(target, 'all', changes, [change], {
    ...OF_INSTALL_JOB,
    caps,
  });
  if (results.includes('full')) return 'full';
  if (results.includes('ramp')) return 'no-slots';
  return results.every((result) => result === 'written') ? intent : null;
}

/** As an intent keeps them. */
function sweepsOf(records: readonly EnrollmentRecord[]): Pick<Intent, 'sweepIds'> {
  const sweepIds = new Set(records.flatMap((record) => onItsWay(record).sweepId ?? []));
  return sweepIds.size === 0 ? {} : { sweepIds: [...sweepIds].slice(0, SWEEPS_SHOWN) };
}

async function send(
  access: TargetAccess,
  {
    batch: { matcher, candidates },
    intent,
    windowEndMonotonicMs,
  }: { readonly batch: RampedBatch; readonly intent: Intent; readonly windowEndMonotonicMs: number },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<SendResult> {
  if (await lacksManagedUpdates(matcher.install, ctx.signal, deps)) {
    return refusedUnsent('managed-updates-off');
  }
  // The last look at the brakes, after the claim and right before the call: a pause stops sends that have not begun.
  const askedAtMs = deps.clock.monotonicMs();
  const [permission, epoch] = [await askSendPermission(deps), await deps.ledger.epochs.current()];
  if (permission.kind === 'withheld' || epoch !== intent.epoch) return refusedUnsent('not-sent');
  const gates = await readGateFacts(
    { ledger: deps.ledger, config: deps.config, nowMs: deps.clock.now() },
    access,
    permission.pauses,
    true,
  );
  const claimed = new Set(intent.instanceIds);
  const isClosed = candidates.some(
    ({ instanceId, value }) => claimed.has(instanceId) && closedGate(gates, value) !== null,
  );
  if (isClosed) return refusedUnsent('not-sent');
  const { documentName, parameters } = renderInstall(matcher.install, {
    executionTimeoutSeconds: deps.config.install.executionTimeoutSeconds,
  });
  return deps.commands.sendCommand(
    access,
    {
      documentName,
      parameters,
      instanceIds: intent.instanceIds,
      comment: markerOf(
        { installation: deps.installation, keys: deps.config.markerKeys, target: access },
        intent.batchId,
      ),
      deliveryTimeoutSeconds: deps.config.install.deliveryTimeoutSeconds,
      windowEndMonotonicMs,
      leaveByMonotonicMs: askedAtMs + PAUSE_COUNTS_AFTER_MS,
    },
    ctx.signal,
  );
}

/** Our own no, before anything left. */
function refusedUnsent(reason: 'not-sent' | 'managed-updates-off'): SendResult {
  return { kind: 'refused', reason, instanceIds: [], message: reason, awsCode: '', retryAfterMs: null };
}

async function recordResult(
  access: TargetAccess,
  intent: Intent,
  result: SendResult,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Step> {
  const target: Target = access;
  const size = intent.instanceIds.length;
  const { batchId, sweepIds, instanceIds } = intent;
  const facts = { target: targetId(target), batchId, sweepIds, instances: size };
  switch (result.kind) {
    case 'accepted':
      deps.sent.remember(target, intent.instanceIds, {
        commandId: result.commandId,
        acceptedAtMs: deps.clock.now(),
        expiresAtMs: result.expiresAtMs,
      });
      await recordAccepted(target, intent, result, deps);
      // All of them, where other lists are cut: by this line a host is found in the log.
      ctx.log.info({ ...facts, commandId: result.commandId, instanceIds }, 'command sent');
      return { kind: 'sent', size };
    case 'ambiguous':
      ctx.log.warn({ ...facts, detail: result.message }, 'answer to a send was lost');
      return { kind: 'sent', size };
    case 'refused': {
      ctx.log.warn({ ...facts, reason: result.reason, awsCode: result.awsCode }, 'send refused');
      const causes = await causesOfInvalidIds(access, intent, result, ctx.signal, deps);
      const waitMs = await recordRefused(target, intent, result, causes, deps);
      if (waitMs !== null) return { kind: 'wait', waitMs };
      const nameless = result.reason === 'invalid-instance-id' && result.instanceIds.length === 0 && size > 1;
      return nameless ? { kind: 'halve', size } : { kind: 'refused' };
    }
    default:
      return result satisfies never;
  }
}

/** A send has ten seconds; the proxy answers this without a login in far less. */
const ASK_MS = 3_000;

/**
 * Whether the cluster lacks the managed updates that this installation needs, as Teleport asks before it sends a suffix or
 * an update group. A proxy that does not answer decides nothing: hosts check for themselves whether they reach it.
 */
async function lacksManagedUpdates(
  install: InstallSettings,
  signal: AbortSignal,
  { teleport }: Pick<HandlerDeps, 'teleport'>,
): Promise<boolean> {
  if (!needsManagedUpdates(install)) return false;
  const asking = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
  try {
    return (await teleport.describeCluster(asking)).managedUpdates === 'off';
  } catch (error) {
    if (!isJobError(error) && !asking.aborted) throw error;
    return false;
  }
}
