import { collectMember } from '@muster/core/jobs/due-jobs';
import type { Invocation, StatusDetails, TargetAccess } from '@muster/core/domain/command';
import type { EnrollmentEvent } from '@muster/core/domain/enrollment';
import type { BatchId, InstanceId } from '@muster/core/domain/ids';
import { batchOfMarker } from '@muster/core/domain/intent';
import type { Matcher } from '@muster/core/domain/matcher';
import { groupByRole } from '@muster/core/domain/matcher-scope';
import type { Target } from '@muster/core/domain/target';
import { applyWithIntent } from './apply-events.ts';
import type { HandlerDeps } from './deps.ts';

const FINAL: ReadonlySet<StatusDetails> = new Set([
  'Success',
  'Failed',
  'ExecutionTimedOut',
  'DeliveryTimedOut',
  'Undeliverable',
  'Terminated',
  'InvalidPlatform',
  'AccessDenied',
  'Cancelled',
]);

/** Added to a command's whole life when looking back: clocks, and SSM's own delay in showing it. */
const LOOK_BACK_MARGIN_MS = 15 * 60_000;

/**
 * Before the first send to a target under a new ledger epoch (a first run, a flushed, restored or failed-over Redis),
 * lists the target's own recent commands and adopts those of ours that are still live. What Redis forgot, AWS knows.
 *
 * @returns how many commands were adopted
 */
export async function reconcileTarget(
  target: Target,
  matchers: readonly Matcher[],
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<number> {
  const { install } = deps.config;
  const lifeMs = (install.deliveryTimeoutSeconds + install.executionTimeoutSeconds) * 1_000;
  let adopted = 0;
  for (const { role, matchers: group } of groupByRole(matchers, target.accountId, target.region)) {
    for (const documentName of new Set(group.map((matcher) => matcher.install.documentName))) {
      const owner = group.find((matcher) => matcher.install.documentName === documentName);
      if (owner === undefined) continue;
      const live = await listLive({ ...target, role }, documentName, lifeMs, signal, deps);
      for (const [batchId, invocations] of live) {
        if (await adopt(target, owner, batchId, invocations, lifeMs, deps)) adopted += 1;
      }
    }
  }
  return adopted;
}

async function listLive(
  access: TargetAccess,
  documentName: string,
  lifeMs: number,
  signal: AbortSignal,
  deps: HandlerDeps,
): Promise<ReadonlyMap<BatchId, readonly Invocation[]>> {
  const invokedAfterMs = deps.clock.now() - lifeMs - LOOK_BACK_MARGIN_MS;
  const byBatch = new Map<BatchId, Invocation[]>();
  for await (const page of deps.commands.findInvocations(access, { documentName, invokedAfterMs }, signal)) {
    for (const invocation of page) {
      const batchId = batchOfMarker(deps.installation, invocation.comment);
      if (batchId === null) continue;
      const list = byBatch.get(batchId);
      if (list === undefined) byBatch.set(batchId, [invocation]);
      else list.push(invocation);
    }
  }
  return new Map([...byBatch].filter(([, list]) => list.some(isLive)));
}

function isLive(invocation: Invocation): boolean {
  return !FINAL.has(invocation.statusDetails);
}

/** Makes a live command known: its intent, so that it is followed to its end, and its instances, so that they are left alone. */
async function adopt(
  target: Target,
  owner: Matcher,
  batchId: BatchId,
  invocations: readonly Invocation[],
  lifeMs: number,
  deps: HandlerDeps,
): Promise<boolean> {
  const [first] = invocations;
  const known = await deps.ledger.enrollments.intent(target, batchId);
  if (first === undefined || known?.value.command != null) return false;
  const { commandId } = first;
  const instanceIds: readonly InstanceId[] = invocations.map((invocation) => invocation.instanceId);
  await deps.ledger.due.schedule('collect', [{ member: collectMember(target, batchId), atMs: deps.clock.now() }]);
  const live = new Set(invocations.filter(isLive).map((invocation) => invocation.instanceId));
  const eventsOf = (id: InstanceId): readonly EnrollmentEvent[] =>
    live.has(id) ? [{ kind: 'accepted', batchId, commandId }] : [];
  const written = await applyWithIntent(deps, target, instanceIds, eventsOf, {
    batchId,
    expected: known?.version ?? 0,
    value: {
      batchId,
      matcherKey: owner.key,
      documentName: first.documentName,
      instanceIds,
      intentAtMs: first.requestedAtMs,
      notAfterMs: first.requestedAtMs,
      epoch: known?.value.epoch ?? 'adopted',
      command: { commandId, expiresAtMs: first.requestedAtMs + lifeMs },
      polls: 0,
    },
  });
  return written !== null;
}
