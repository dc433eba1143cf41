import type { AttemptResult } from '@muster/core/domain/enrollment/attempt';
import type { Invocation, TargetAccess } from '@muster/core/domain/command';
import { longestLifeMs } from '@muster/core/domain/command-life';
import { isJobError, JobError } from '@muster/core/domain/errors';
import type { EnrollmentEvent } from '@muster/core/domain/enrollment/event';
import type { EnrollmentRecord } from '@muster/core/domain/enrollment/record';
import type { BatchId, InstanceId } from '@muster/core/domain/ids';
import { markerOf, type Intent, type LiveCommand } from '@muster/core/domain/intent';
import { invocationResult } from '@muster/core/domain/invocation-result';
import { ORGANIZATION_MEMBER } from '@muster/core/domain/due';
import { targetId, type Target } from '@muster/core/domain/target';
import { collectMember } from '@muster/core/jobs/due-jobs';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { Versioned } from '@muster/core/ports/ledger';
import { applyEvents, applyWithIntent, type Applied } from '../records/apply-events.ts';
import { accessOf } from '../sending/batch-access.ts';
import { applyBrake } from '../sending/brake.ts';
import { cancelOrTell } from '../sending/cancel-or-tell.ts';
import { stopSecondCommand } from '../sending/second-command.ts';
import { forgetAfterCommand } from '../scanning/forget-target.ts';
import { markPartial } from '../scanning/scan-coverage.ts';
import { paced } from '../paced.ts';
import type { HandlerDeps } from '../deps.ts';
import { dispatch, doDueWork, type DueOutcome } from '../due-work.ts';
import { scheduleWorkOf } from '../records/work-of-records.ts';

type Result = { ended: number; open: number; state: string };

/**
 * Looks once at one batch. Its command is followed until every invocation shows a final StatusDetails, or AWS's own
 * expiry is past by a margin: "not seen" never ends anything. A batch whose send got no answer is looked for by its
 * marker, and only given up when a request of that time can no longer be accepted.
 */
export async function handleCollectCommand(
  { target, batchId }: { readonly target: Target; readonly batchId: BatchId },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'collect', collectMember(target, batchId), deps.timings.leaseMs, async () => {
    const stored = await deps.ledger.enrollments.intent(target, batchId);
    if (stored === null) {
      await deps.ledger.control.release(target, batchId);
      return outcome(null, 0, 0, 'closed');
    }
    const access = accessOf(target, stored.value, deps);
    if (access === null) {
      return outcome(
        deps.clock.now() + deps.timings.heldMs,
        0,
        stored.value.instanceIds.length,
        'config-skew',
      );
    }
    const { command } = stored.value;
    return command === null
      ? resolveSend(target, stored, access, ctx, deps)
      : followCommand(target, stored, command, access, ctx, deps);
  });
}

function outcome(nextAtMs: number | null, ended: number, open: number, state: string): DueOutcome<Result> {
  return { nextAtMs, result: { ended, open, state } };
}

/** The answer to the send was lost: was it accepted? */
async function resolveSend(
  target: Target,
  { value: intent, version }: Versioned<Intent>,
  access: TargetAccess,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const { install } = deps.config;
  const now = deps.clock.now();
  const open = intent.instanceIds.length;
  // Whoever wrote the intent may still be sending.
  if (now <= intent.notAfterMs) return outcome(intent.notAfterMs + 1, 0, open, 'sending');
  const found = await findByMarker(intent, access, ctx, deps);
  if (found !== null) {
    const lifeMs = longestLifeMs(install);
    const command: LiveCommand = { commandId: found.commandId, expiresAtMs: found.requestedAtMs + lifeMs };
    const { batchId } = intent;
    const accepted: EnrollmentEvent = { kind: 'accepted', batchId, commandId: command.commandId };
    const written = await applyWithIntent(deps, target, intent.instanceIds, () => [accepted], {
      batchId,
      expected: version,
      value: { ...intent, command },
    });
    // Its sender may have recorded it meanwhile, and counted it.
    if (written !== null) await deps.ledger.statistics.addCommandsSent(1);
    ctx.log.info({ target: targetId(target), batchId, commandId: command.commandId }, 'lost command found');
    return outcome(now, 0, open, 'found');
  }
  // Asked before the listing, so that the listing began after the last moment at which the request could be accepted.
  if (now < intent.intentAtMs + install.resendAfterMs) {
    return outcome(
      Math.min(now + install.visibilityMs, intent.intentAtMs + install.resendAfterMs),
      0,
      open,
      'looked-for',
    );
  }
  // Whoever sent it has recorded its answer meanwhile: then it is followed.
  if (!(await closeUnsent(target, intent, version, deps))) return outcome(now, 0, open, 'found');
  ctx.log.info({ target: targetId(target), batchId: intent.batchId }, 'send did not happen');
  return outcome(null, 0, 0, 'not-sent');
}

async function findByMarker(
  intent: Intent,
  access: TargetAccess,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Invocation | null> {
  const marker = markerOf(deps.installation, intent.batchId);
  // A minute earlier than our clock says: AWS's clock is the one that counts.
  const query = { documentName: intent.documentName, invokedAfterMs: intent.intentAtMs - 60_000 };
  for await (const page of deps.commands.findInvocations(access, query, ctx.signal)) {
    const found = page.find((invocation) => invocation.comment === marker);
    if (found !== undefined) return found;
  }
  return null;
}

/** Frees the batch; false when its intent is no longer as it was read. */
async function closeUnsent(
  target: Target,
  intent: Intent,
  version: number,
  deps: HandlerDeps,
): Promise<boolean> {
  const { batchId } = intent;
  const readyAtMs = deps.clock.now();
  await deps.ledger.due.schedule('install', [
    { member: targetId(target), atMs: readyAtMs + deps.timings.followUpMs },
  ]);
  const refused: EnrollmentEvent = { kind: 'send-refused', batchId, cause: null, readyAtMs };
  const closed = await applyWithIntent(deps, target, intent.instanceIds, () => [refused], {
    batchId,
    expected: version,
    value: null,
  });
  if (closed === null) return false;
  await deps.ledger.control.release(target, batchId);
  await dispatch(deps, 'install', [targetId(target)]);
  return true;
}

/** One list call answers for the whole batch. */
async function followCommand(
  target: Target,
  { value: intent, version }: Versioned<Intent>,
  command: LiveCommand,
  access: TargetAccess,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const expired = deps.clock.now() > command.expiresAtMs + deps.timings.expiryMarginMs;
  const invocations = await look(target, command, access, ctx, deps);
  if (invocations instanceof JobError && !expired) return lookDenied(target, intent, invocations, deps);
  const shown = invocations instanceof JobError ? [] : invocations;
  const results = resultsOf(intent, shown, expired, deps);
  const abandoned = [...results].filter(
    ([, result]) => result.kind === 'failure' && result.cause === 'ec2-ssm-command-lost',
  );
  if (abandoned.length > 0) {
    const why = `has expired without an end on ${abandoned.length} instances`;
    const instanceIds = abandoned.map(([id]) => id);
    await cancelOrTell(target, access, { commandId: command.commandId, instanceIds, why }, ctx, deps);
  }
  const { batchId } = intent;
  const { commandId } = command;
  const events = (id: InstanceId, record: EnrollmentRecord): readonly EnrollmentEvent[] => {
    const result = results.get(id);
    if (result === undefined) return [];
    const ended: EnrollmentEvent = { kind: 'ended', commandId, result };
    // A Redis that went back in time may hold the record as it was before the answer.
    const unanswered = record.state === 'sending' && record.batchId === batchId;
    return unanswered ? [{ kind: 'accepted', batchId, commandId }, ended] : [ended];
  };
  const open = intent.instanceIds.filter((id) => !results.has(id)).length;
  await announceEnds(target, results, deps);
  const records = open === 0 ? null : await deps.ledger.enrollments.read(target, intent.instanceIds);
  const applied =
    records === null
      ? await applyWithIntent(deps, target, intent.instanceIds, events, {
          batchId,
          expected: version,
          value: null,
        })
      : await applyEvents(deps, target, records, events);
  await scheduleWorkOf(
    deps,
    target,
    (applied ?? []).map(({ after }) => after),
  );
  await afterEnds(target, applied ?? [], deps);
  if (open === 0 && applied !== null) {
    await deps.ledger.control.release(target, batchId);
    await forgetAfterCommand(target, deps);
    ctx.log.info({ target: targetId(target), batchId, commandId: command.commandId }, 'command ended');
    return outcome(null, results.size, 0, 'ended');
  }
  if (open > 0) {
    const polls = intent.polls + 1;
    await deps.ledger.enrollments.write(
      target,
      'each',
      [],
      [{ batchId, expected: version, value: { ...intent, polls } }],
    );
  }
  if (records !== null) await stopSecondCommand(target, access, shown, records, ctx, deps);
  return outcome(deps.clock.now() + pollDelayMs(intent.polls, deps), results.size, open, 'live');
}

/** What SSM shows of a command; the error itself where the role, or the region, says no. */
async function look(
  target: Target,
  command: LiveCommand,
  access: TargetAccess,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<readonly Invocation[] | JobError> {
  try {
    return await paced(deps, target, 'ssm:ListCommandInvocations', () =>
      deps.commands.listInvocations(access, command.commandId, ctx.signal),
    );
  } catch (error) {
    if (isJobError(error, 'aws.denied', 'aws.region-off')) return error;
    throw error;
  }
}

/** A command that may not be looked at goes on, for all we know, until it has expired; the coverage of its target says why. */
async function lookDenied(
  target: Target,
  intent: Intent,
  denial: JobError,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  await markPartial(deps.ledger, target, denial);
  return outcome(deps.clock.now() + deps.timings.heldMs, 0, intent.instanceIds.length, 'denied');
}

/** The ends that this look has shown; a terminal result once recorded is never asked for again. */
function resultsOf(
  intent: Intent,
  invocations: readonly Invocation[],
  expired: boolean,
  { config, redact }: HandlerDeps,
): ReadonlyMap<InstanceId, AttemptResult> {
  const results = new Map<InstanceId, AttemptResult>();
  for (const invocation of invocations) {
    const result = invocationResult(withoutSecrets(invocation, redact), config.install.outputChars);
    // Once more: dropping control characters may have put a secret together.
    if (result !== null) results.set(invocation.instanceId, { ...result, output: redact(result.output) });
  }
  if (expired) {
    for (const id of intent.instanceIds) {
      if (!results.has(id)) {
        results.set(id, { kind: 'failure', cause: 'ec2-ssm-command-lost', exitCode: null, output: '' });
      }
    }
  }
  return results;
}

/** Before the output is cut: of a secret across the edge the redaction would not know the rest. */
function withoutSecrets(invocation: Invocation, redact: HandlerDeps['redact']): Invocation {
  const { plugin } = invocation;
  return plugin === null
    ? invocation
    : { ...invocation, plugin: { ...plugin, output: redact(plugin.output) } };
}

/** What the ends make due is written before the ends themselves. */
async function announceEnds(
  target: Target,
  results: ReadonlyMap<InstanceId, AttemptResult>,
  deps: HandlerDeps,
): Promise<void> {
  const kinds = new Set([...results.values()].map((result) => result.kind));
  const member = targetId(target);
  const atMs = deps.clock.now();
  if (kinds.has('success') && deps.config.inventory.kind !== 'none') {
    await deps.ledger.due.schedule('verify', [{ member, atMs: atMs + deps.timings.retryMs }]);
    await deps.ledger.due.schedule('inventory', [
      { member: ORGANIZATION_MEMBER, atMs: atMs + deps.timings.retryMs },
    ]);
  }
  if (kinds.has('failure')) {
    await deps.ledger.due.schedule('install', [
      { member, atMs: atMs + deps.config.backoff.transientFirstMs },
    ]);
  }
}

async function afterEnds(target: Target, applied: readonly Applied[], deps: HandlerDeps): Promise<void> {
  const failed = applied.map(({ after }) => after.state === 'failed');
  await applyBrake(deps, target.accountId, failed);
}

/** Grows by half from the first look to the longest pause. */
function pollDelayMs(polls: number, deps: HandlerDeps): number {
  const { pollFirstMs, pollMaxMs } = deps.config.install;
  return Math.min(pollFirstMs * 1.5 ** Math.min(polls, 20), pollMaxMs);
}
