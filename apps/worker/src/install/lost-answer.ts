import { catalog } from '@muster/core/jobs/catalog';
import { type Invocation, longestLifeMs } from '@muster/core/install/command';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import type { CommandId } from '@muster/core/organization/ids';
import type { Intent, LiveCommand } from '@muster/core/install/intent';
import { keyIdsOf } from '@muster/core/install/mac';
import { readMarker } from '@muster/core/install/marker';
import { targetId, type Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import type { LookOutcome, OpenBatch } from './batch-access.ts';
import { RESTORED_EPOCH } from '../enrollment/repair-ledger.ts';
import { applyWithIntent } from '@muster/core/enrollment/apply-events';
import { countAccepted } from './send-outcome.ts';

/** Two primaries' clocks may differ by so much and more; the listing is longer then. */
const OTHER_CLOCK_MARGIN_MS = 3_600_000;
/** AWS's clock is the one that counts: ours may be so much ahead, or behind. */
const CLOCK_MARGIN_MS = 60_000;

/**
 * The answer to the send was lost: was it accepted? Found by its marker, it is followed. Not found, it did not happen, but
 * only once a request of that time can no longer be accepted.
 */
export async function resolveSend(
  batch: OpenBatch,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<LookOutcome> {
  const { target, intent, version } = batch;
  const { install } = deps.config;
  const now = deps.clock.now();
  const open = intent.instanceIds.length;
  const later = (nextInMs: number, state: string): LookOutcome => ({
    nextInMs,
    result: { ended: 0, open, state },
  });
  // The worker that wrote the intent may still be sending.
  if (now <= intent.notAfterMs) return later(intent.notAfterMs + 1 - now, 'sending');
  if (!holdsKeyOf(intent, deps)) {
    await reportKeySkew(target, deps);
    return later(deps.timings.heldMs, 'key-skew');
  }
  const found = await findByMarker(batch, ctx, deps);
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
    if (written !== null) await countAccepted(target, written, deps);
    ctx.log.info({ commandId: command.commandId }, 'lost command found');
    return later(0, 'found');
  }
  // Asked before the listing, so that the listing began after the last moment at which the request could be accepted.
  const leftMs = (await sentAtLatestMs(intent, deps)) + install.resendAfterMs - now;
  if (leftMs > 0) return later(Math.min(install.visibilityMs, leftMs), 'looked-for');
  // The sender has recorded its answer meanwhile: then it is followed.
  if (!(await closeUnsent(batch, deps))) return later(0, 'found');
  ctx.log.info({}, 'send did not happen');
  return { nextInMs: null, result: { ended: 0, open: 0, state: 'not-sent' } };
}

/**
 * The command that bears the batch's marker: the first of them, to instances of the batch and no other. One that was sent
 * later with the same marker is a copy and not Muster's. An intent that was restored may know of fewer instances than the
 * command.
 */
async function findByMarker(
  { target, intent, access }: OpenBatch,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'installation' | 'commands'>,
): Promise<Invocation | null> {
  const { markerKeys: keys, install } = deps.config;
  const scope = { installation: deps.installation, keys, target };
  // An intent that a worker without a key wrote has a marker without a MAC.
  const unsignedUntilMs = intent.keyId === undefined ? null : Number.NEGATIVE_INFINITY;
  // The intent is dated by Redis, the command by AWS. Another primary's clock may have dated the intent.
  const isOfThisEpoch = intent.epoch === (await deps.ledger.epochs.current());
  const marginMs = isOfThisEpoch ? CLOCK_MARGIN_MS : OTHER_CLOCK_MARGIN_MS;
  const intentAtMs = intent.intentAtMs + deps.commands.awsAheadMs();
  const latestMs = intentAtMs + install.resendAfterMs + marginMs;
  const members = new Set(intent.instanceIds);
  const commands = new Map<CommandId, Invocation>();
  const notOurs = new Set<CommandId>();
  const query = {
    documentName: intent.documentName,
    invokedAfterMs: intentAtMs - marginMs,
  };
  for await (const page of deps.commands.findInvocations(access, query, ctx.signal)) {
    for (const invocation of page) {
      const reading = readMarker(scope, invocation, unsignedUntilMs);
      if (reading.kind !== 'ours' || reading.batchId !== intent.batchId) continue;
      const isMember = members.has(invocation.instanceId) || intent.epoch === RESTORED_EPOCH;
      if (isMember && invocation.requestedAtMs <= latestMs) commands.set(invocation.commandId, invocation);
      else notOurs.add(invocation.commandId);
    }
  }
  return [...commands.values()]
    .filter(({ commandId }) => !notOurs.has(commandId))
    .reduce<Invocation | null>(
      (first, one) => (first === null || one.requestedAtMs < first.requestedAtMs ? one : first),
      null,
    );
}

/**
 * The latest moment at which the intent may have been written, epoch ms: one of another epoch may bear the date of a clock
 * that was behind, and is no younger than the epoch. As in `enterEpoch`, the process's own counter has a say in that.
 */
async function sentAtLatestMs(
  intent: Intent,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'seenEpochs'>,
): Promise<number> {
  const { epochs } = deps.ledger;
  const epoch = await epochs.current();
  const knownForMs = deps.seenEpochs.knownForMs(epoch);
  if (intent.epoch === epoch) return intent.intentAtMs;
  const seenAtMs = await epochs.seenAtMs(epoch);
  return Math.max(intent.intentAtMs, seenAtMs, deps.clock.now() - knownForMs);
}

/** Whether this worker can tell the batch's marker from a forged one: it holds the key that signed it. */
function holdsKeyOf({ keyId }: Intent, { config }: Pick<HandlerDeps, 'config'>): boolean {
  return keyId === undefined || keyIdsOf(config.markerKeys).includes(keyId);
}

/** Another worker, or this one with another configuration, has to look for the command: without it nothing is concluded. */
async function reportKeySkew(target: Target, deps: Pick<HandlerDeps, 'ledger' | 'clock'>): Promise<void> {
  await deps.ledger.control.raise({
    kind: 'config-skew',
    scope: targetId(target),
    sinceMs: deps.clock.now(),
    message:
      'The answer to a send was lost, and its marker was signed with a key that this worker does not have: the command cannot be looked for here.',
    remedy:
      'Give all workers the same marker keys (muster.marker_key_file), the old one below the new one while commands with it may be live.',
  });
}

/** Frees the batch; false when its intent is no longer as it was read. */
async function closeUnsent({ target, intent, version }: OpenBatch, deps: HandlerDeps): Promise<boolean> {
  const { batchId } = intent;
  const readyAtMs = deps.clock.now();
  const refused: EnrollmentEvent = { kind: 'send-refused', batchId, cause: null, readyAtMs };
  const closed = await applyWithIntent(deps, target, intent.instanceIds, () => [refused], {
    batchId,
    expected: version,
    value: null,
  });
  if (closed === null) return false;
  await deps.enqueue(catalog['install-batch'], [{ target }]);
  return true;
}
