import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { isJobError, messageOf } from '@muster/core/runtime/errors';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { checkLabels } from './check-labels.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import type { WaitingChange } from '@muster/core/inventory/label-store';

type Result = { written: number; error: string | null };

/** Instances per run of tctl: about a second of its time. */
const BATCH = 100;
/** A job's turn; then the next job in the same queue has its own. Real time. */
const TURN_MS = 30_000;
const LEASE_MS = 6 * 60_000;
/** Failed runs in a row after which the fault is not one batch's. */
const FAILURES = 3;
/** How long the resource of a vanished instance is left: its node is as good as gone. */
const GONE_MS = 60_000;

/**
 * Gives waiting labels to Teleport: batches of any targets, one run of tctl after the other, at the configured rate. A
 * batch that fails is halved, so that a label which Teleport will not take holds up no other.
 */
export async function handleWriteLabels(
  _payload: object,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'labels', ORGANIZATION_MEMBER, LEASE_MS, async () => {
    if (!deps.config.labels.enabled) return { nextInMs: null, result: { written: 0, error: null } };
    const endsAtMs = deps.clock.now() + TURN_MS;
    let written = 0;
    let limit = BATCH;
    let failures = 0;
    while (deps.clock.now() < endsAtMs && !ctx.signal.aborted) {
      const batch = await deps.ledger.labels.take(limit);
      if (batch.length === 0) return { nextInMs: null, result: { written, error: null } };
      try {
        await writeBatch(await checkLabels(batch, deps), ctx, deps);
        written += batch.length;
        failures = 0;
        limit = Math.min(BATCH, 2 * limit);
      } catch (error) {
        if (ctx.signal.aborted) throw error;
        failures += 1;
        limit = Math.max(1, Math.floor(batch.length / 2));
        const denied = isJobError(error, 'teleport.denied');
        if (denied || failures === FAILURES) return giveUp(error, denied, written, ctx, deps);
      }
      await deps.clock.sleep((1_000 * batch.length) / deps.config.labels.perSecond, ctx.signal);
    }
    return { nextInMs: 0, result: { written, error: null } };
  });
}

async function writeBatch(
  batch: readonly WaitingChange[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<void> {
  if (batch.length === 0) return;
  const now = deps.clock.now();
  const written = batch.map((waiting) => ({
    waiting,
    expiresAtMs: now + (waiting.change.gone ? GONE_MS : deps.config.labels.lifetimeMs),
  }));
  await deps.teleport.putLabels(
    written.map(({ waiting: { target, change }, expiresAtMs }) => ({
      accountId: target.accountId,
      instanceId: change.instanceId,
      labels: change.labels,
      untilMs: expiresAtMs,
    })),
    ctx.signal,
  );
  await deps.ledger.labels.settle(written);
  await deps.ledger.control.clear('labels-denied', 'all');
  await deps.ledger.control.clear('labels-failed', 'all');
}

async function giveUp(
  error: unknown,
  denied: boolean,
  written: number,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const now = deps.clock.now();
  const message = messageOf(error);
  await deps.ledger.control.raise({
    kind: denied ? 'labels-denied' : 'labels-failed',
    scope: 'all',
    sinceMs: now,
    message: `Nodes are not labeled with their EC2 tags: ${message}`,
    remedy: denied
      ? 'Allow it to the role of the tctl identity (rules: resources: [server_info], verbs: [list, read, create, update]), or set muster.labels.enabled to false.'
      : 'Run by hand with the same identity: tctl create -f, with a server_info resource. It is tried again by itself.',
  });
  ctx.log.warn({ err: error }, 'labels not written');
  return {
    nextInMs: denied ? deps.timings.deniedMs : deps.timings.heldMs,
    result: { written, error: message },
  };
}
