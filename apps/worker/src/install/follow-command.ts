import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { isJobError, JobError } from '@muster/core/runtime/errors';
import type { Invocation } from '@muster/core/install/command';
import type { AttemptResult, StoredRecord } from '@muster/core/enrollment/record';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Intent, LiveCommand } from '@muster/core/install/intent';
import type { OutputClusters } from '@muster/core/install/output-store';
import { invocationResult } from '@muster/core/install/invocation-result';
import type { Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import type { LookOutcome, OpenBatch } from './batch-access.ts';
import { paced } from '../paced.ts';
import { applyEvents, applyWithIntent } from '@muster/core/enrollment/apply-events';
import { retireAfterCommand } from '../scan/retire-target.ts';
import { markPartial } from '../scan/scan-coverage.ts';
import { applyBrake, endsOf } from '../rollout/brake.ts';
import { moveRampsOn } from '../rollout/ramp-slots.ts';
import { cancelOrTell } from './cancel-command.ts';
import { stopSecondCommand } from './second-command.ts';

/** A batch whose command is known. */
interface FollowedBatch extends OpenBatch {
  readonly command: LiveCommand;
}

type Results = ReadonlyMap<InstanceId, AttemptResult>;

/** One list call answers for the whole batch. */
export async function followCommand(
  batch: FollowedBatch,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<LookOutcome> {
  const { target, intent, command } = batch;
  const awsNowMs = deps.clock.now() + deps.commands.awsAheadMs();
  const expired = awsNowMs > command.expiresAtMs + deps.timings.expiryMarginMs;
  const invocations = await look(batch, ctx, deps);
  if (invocations instanceof JobError && !expired) return lookDenied(target, intent, invocations, deps);
  const shown = invocations instanceof JobError ? [] : invocations;
  const results = resultsOf(intent, shown, expired, deps);
  await cancelAbandoned(batch, results, ctx, deps);
  await applyBrake(deps, target.accountId, endsOf(results, deps.config.inventory.kind !== 'none'));
  const outputs = await deps.ledger.outputs.place(target, results);
  const outcome = intent.instanceIds.every((id) => results.has(id))
    ? await closeBatch(batch, results, outputs, ctx, deps)
    : await keepFollowing(batch, { results, outputs }, shown, ctx, deps);
  if (results.size > 0) await moveRampsOn(deps);
  if (deps.config.inventory.kind !== 'none' && [...results.values()].some(({ kind }) => kind === 'success')) {
    // A moment sooner than the look of `verify-joined`, which asks for it too.
    await deps.ledger.due.schedule('inventory', [ORGANIZATION_MEMBER], deps.timings.retryMs);
  }
  return outcome;
}

/** The last ends and the end of the intent, in one write. */
async function closeBatch(
  batch: FollowedBatch,
  results: Results,
  outputs: OutputClusters,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<LookOutcome> {
  const { target, intent, version, command } = batch;
  const { batchId } = intent;
  const closed = { batchId, expected: version, value: null };
  const applied = await applyWithIntent(
    deps,
    target,
    intent.instanceIds,
    eventsOfEnds(batch, results),
    closed,
    { outputs },
  );
  // Another worker has moved the intent meanwhile: what it says now is looked at anew.
  if (applied === null) return live(intent, results, deps);
  await retireAfterCommand(target, deps);
  ctx.log.info({ commandId: command.commandId }, 'command ended');
  return { nextInMs: null, result: { ended: results.size, open: 0, state: 'ended' } };
}

/** Records what has ended so far, and comes back for the rest. */
async function keepFollowing(
  batch: FollowedBatch,
  { results, outputs }: { readonly results: Results; readonly outputs: OutputClusters },
  shown: readonly Invocation[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<LookOutcome> {
  const { target, intent, version } = batch;
  const records = await deps.ledger.enrollments.read(target, intent.instanceIds);
  await applyEvents(deps, target, records, eventsOfEnds(batch, results), { outputs });
  const looked: Intent = { ...intent, polls: intent.polls + 1 };
  await deps.ledger.enrollments.write(
    target,
    'each',
    [],
    [{ batchId: intent.batchId, expected: version, value: looked }],
  );
  await stopSecondCommand(batch, shown, records, ctx, deps);
  return live(intent, results, deps);
}

function live(intent: Intent, results: Results, deps: Pick<HandlerDeps, 'config'>): LookOutcome {
  const open = intent.instanceIds.filter((id) => !results.has(id)).length;
  return { nextInMs: pollDelayMs(intent.polls, deps), result: { ended: results.size, open, state: 'live' } };
}

/** What has expired without an end may run all the same: it is stopped where the role may, and told where not. */
async function cancelAbandoned(
  { access, command }: FollowedBatch,
  results: Results,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'commands'>,
): Promise<void> {
  const instanceIds = [...results].flatMap(([id, result]) =>
    result.kind === 'failure' && result.cause === 'ec2-ssm-command-lost' ? [id] : [],
  );
  if (instanceIds.length === 0) return;
  const why = `has expired without an end on ${instanceIds.length} instances`;
  await cancelOrTell(access, { commandId: command.commandId, instanceIds, why }, ctx, deps);
}

/** The events of one instance: none while its end is not known. */
function eventsOfEnds(
  { intent: { batchId }, command: { commandId } }: FollowedBatch,
  results: Results,
): (id: InstanceId, record: StoredRecord) => readonly EnrollmentEvent[] {
  return (id, record) => {
    const result = results.get(id);
    if (result === undefined) return [];
    const ended: EnrollmentEvent = { kind: 'ended', commandId, result };
    // A Redis that went back in time may hold the record as it was before the answer.
    const unanswered = record.state === 'sending' && record.batchId === batchId;
    return unanswered ? [{ kind: 'accepted', batchId, commandId }, ended] : [ended];
  };
}

/** What SSM shows of a command; the error itself where the role, or the region, says no. */
async function look(
  { target, command, access }: FollowedBatch,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'commands'>,
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
  deps: Pick<HandlerDeps, 'ledger' | 'timings'>,
): Promise<LookOutcome> {
  await markPartial(deps.ledger, target, denial);
  return {
    nextInMs: deps.timings.heldMs,
    result: { ended: 0, open: intent.instanceIds.length, state: 'denied' },
  };
}

/** The ends that this look has shown; a terminal result once recorded is never asked for again. */
function resultsOf(
  intent: Intent,
  invocations: readonly Invocation[],
  expired: boolean,
  { config, redact }: Pick<HandlerDeps, 'config' | 'redact'>,
): Results {
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

/** Grows by half from the first look to the longest pause. */
function pollDelayMs(polls: number, deps: Pick<HandlerDeps, 'config'>): number {
  const { pollFirstMs, pollMaxMs } = deps.config.install;
  return Math.min(pollFirstMs * 1.5 ** Math.min(polls, 20), pollMaxMs);
}
