import { type Cause, causeFacts } from '@muster/core/enrollment/cause';
import type { RefusalReason, SendResult } from '@muster/core/install/command';
import { OF_INSTALL_JOB } from '@muster/core/enrollment/enrollment-store';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Intent } from '@muster/core/install/intent';
import { targetId, type Target } from '@muster/core/organization/target';
import { type Applied, applyWithIntent } from '@muster/core/enrollment/apply-events';
import type { HandlerDeps } from '../deps.ts';
import { countSentHosts } from '../rollout/brake.ts';
import { blamedIds } from './invalid-instances.ts';

type RecordDeps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random' | 'timings'>;

/** Of AWS's own words in a finding. */
const MESSAGE_CHARS = 400;

/** Refusals that are the batch's own fault; null: not its fault, tried again when the wait is over. */
const CAUSE_OF_REFUSAL = {
  throttled: null,
  credentials: null,
  'not-sent': null,
  denied: 'ec2-ssm-invocation-failure',
  'region-off': 'ec2-ssm-invocation-failure',
  // `invalid-instances.ts` finds out which of its reasons it is.
  'invalid-instance-id': 'ec2-ssm-agent-not-registered',
  'unsupported-platform': 'ec2-ssm-unsupported-os',
  'invalid-document': 'ec2-ssm-document-invalid',
  'invalid-parameters': 'ec2-ssm-document-invalid',
  'managed-updates-off': 'teleport-managed-updates-off',
} as const satisfies Record<RefusalReason, Cause | null>;

/** SSM took the command: from here on a worker follows it to its end. */
export async function recordAccepted(
  target: Target,
  intent: Intent,
  result: Extract<SendResult, { kind: 'accepted' }>,
  deps: RecordDeps,
): Promise<void> {
  const { batchId } = intent;
  const { commandId, expiresAtMs } = result;
  const written = await applyWithIntent(
    deps,
    target,
    intent.instanceIds,
    () => [{ kind: 'accepted', batchId, commandId }],
    {
      batchId,
      expected: 1,
      value: { ...intent, command: { commandId, expiresAtMs } },
      lookAtMs: deps.clock.now() + deps.config.install.pollFirstMs,
    },
  );
  // A worker that found the command by its marker meanwhile has counted it.
  await Promise.all([
    written === null ? undefined : countAccepted(target, written, deps),
    deps.ledger.control.clear('send-refused', targetId(target)),
  ]);
}

/** Counts a command that SSM has, and its hosts: by the one process that recorded it. */
export async function countAccepted(
  target: Target,
  written: readonly Applied[],
  deps: RecordDeps,
): Promise<void> {
  await Promise.all([
    deps.ledger.statistics.addCommandsSent(1),
    countSentHosts(
      deps,
      target.accountId,
      written.map(({ after }) => after),
    ),
  ]);
}

/**
 * SSM refused, and nothing ran: the intent closes at once. Instances that SSM named carry the cause; the others of the
 * batch are free again.
 *
 * @param causes what is known of single instances, more exact than the refusal's own word
 * @returns how long the target should be left alone, in ms; null when the rest may be sent at once
 */
export async function recordRefused(
  target: Target,
  intent: Intent,
  result: Extract<SendResult, { kind: 'refused' }>,
  causes: ReadonlyMap<InstanceId, Cause>,
  deps: RecordDeps,
): Promise<number | null> {
  const { batchId } = intent;
  const now = deps.clock.now();
  const cause = CAUSE_OF_REFUSAL[result.reason];
  const waitMs = cause === null ? await waitAfter(target, intent, result, deps) : null;
  const blamed = blamedIds(intent, result);
  const event = (id: InstanceId): EnrollmentEvent => ({
    kind: 'send-refused',
    batchId,
    cause: blamed.has(id) ? (causes.get(id) ?? cause) : null,
    readyAtMs: now + (waitMs ?? 0),
  });
  const closed = { batchId, expected: 1, value: null };
  await applyWithIntent(deps, target, intent.instanceIds, (id) => [event(id)], closed, OF_INSTALL_JOB);
  if (OF_THE_TARGET.has(result.reason)) await raiseRefusal(target, intent, result, cause, deps);
  return waitMs;
}

/** Refusals that the whole target would meet: told as one finding, which the next accepted send takes away. */
const OF_THE_TARGET: ReadonlySet<RefusalReason> = new Set([
  'denied',
  'region-off',
  'unsupported-platform',
  'invalid-document',
  'invalid-parameters',
]);

async function raiseRefusal(
  target: Target,
  intent: Intent,
  { awsCode, message }: Extract<SendResult, { kind: 'refused' }>,
  cause: Cause | null,
  deps: RecordDeps,
): Promise<void> {
  await deps.ledger.control.raise({
    kind: 'send-refused',
    scope: targetId(target),
    sinceMs: deps.clock.now(),
    message: `SSM refused to send ${intent.documentName} to ${intent.instanceIds.length} instances of ${targetId(target)}: ${awsCode}: ${message.slice(0, MESSAGE_CHARS)}`,
    remedy: `${cause === null ? '' : causeFacts(cause).remedy} Then: muster retry --account ${target.accountId}`,
  });
}

/** After a throttle the bucket says when its turn comes; after anything else that passes, a moment. */
async function waitAfter(
  target: Target,
  intent: Intent,
  { reason, retryAfterMs }: Extract<SendResult, { kind: 'refused' }>,
  deps: RecordDeps,
): Promise<number> {
  if (reason !== 'throttled') return Math.max(retryAfterMs ?? 0, deps.timings.retryMs);
  const tookMs = deps.clock.now() - intent.intentAtMs;
  return deps.ledger.pacing.throttled(target, 'ssm:SendCommand', { retryAfterMs, tookMs });
}
