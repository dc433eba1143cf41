import type { Matcher } from '@muster/core/scan/matcher';
import { type SealedRecord, sealStateOf } from '@muster/core/enrollment/seal';
import { targetId, type Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { reconcileTarget } from '../install/reconcile-target.ts';
import type { RecordChange } from '@muster/core/enrollment/enrollment-store';

/**
 * The current epoch, once the target's own commands were looked through under it, and since the ledger of this target was
 * last found untrustworthy. A send that began before may still be on its way, and SSM may hide it for a while: so the look
 * is only worth something after that.
 */
export async function enterEpoch(
  target: Target,
  matchers: readonly Matcher[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<string | { readonly notBeforeMs: number }> {
  const epoch = await deps.ledger.epochs.current();
  const before = await deps.ledger.enrollments.lastListing(target);
  if (before?.epoch === epoch) return epoch;
  const knownForMs = deps.seenEpochs.knownForMs(epoch);
  const seenAtMs = await deps.ledger.epochs.seenAtMs(epoch);
  const now = deps.clock.now();
  const { sendWindowMs, visibilityMs } = deps.config.install;
  const sentBeforeMs = Math.max(seenAtMs, Math.min(now, before?.distrustedSinceMs ?? 0));
  const waitMs = sendWindowMs + visibilityMs + deps.timings.clockSkewMs;
  // A new primary's clock may be ahead: the wait holds by this process's own counter as well.
  const notBeforeMs = Math.max(sentBeforeMs + waitMs, now + waitMs - knownForMs);
  if (now < notBeforeMs) return { notBeforeMs };
  const unsealed = await readUnsealed(target, deps);
  const adopted = await reconcileTarget(target, matchers, ctx.signal, deps);
  if (adopted > 0) ctx.log.warn({ target: targetId(target), adopted }, 'live commands adopted');
  const isNewEpoch = before !== null && before.distrustedSinceMs === null;
  if (isNewEpoch || (adopted > 0 && before === null)) await raiseEpochFinding(deps);
  await sealAgain(target, unsealed, deps);
  deps.sent.forget(target);
  const isNoted = await deps.ledger.enrollments.noteListing(target, before, epoch);
  // Not noted: another process found a new reason meanwhile, and what this listing has shown may be too old.
  return isNoted ? epoch : { notBeforeMs: now + deps.timings.retryMs };
}

/** Records without a good seal, as they were before the target's commands are listed. */
async function readUnsealed(
  target: Target,
  deps: Pick<HandlerDeps, 'ledger' | 'config'>,
): Promise<readonly SealedRecord[]> {
  const { markerKeys } = deps.config;
  if (markerKeys.length === 0) return [];
  const records = await deps.ledger.enrollments.readAll(target);
  return [...records.values()].filter((record) => sealStateOf(markerKeys, target, record) !== 'good');
}

/** What the listing has left as it was is as AWS has it: good from now on. */
async function sealAgain(
  target: Target,
  records: readonly SealedRecord[],
  deps: Pick<HandlerDeps, 'ledger'>,
): Promise<void> {
  // A state of a newer release is sealed again by that one.
  const changes = records.flatMap(({ version, value }): readonly RecordChange[] =>
    value.state === 'unknown' ? [] : [{ instanceId: value.instanceId, expected: version, value }],
  );
  if (changes.length > 0) await deps.ledger.enrollments.write(target, 'each', changes, []);
}

/** People should know that Redis was not what it had been: some of what they ordered may be lost. */
async function raiseEpochFinding({ ledger, clock }: Pick<HandlerDeps, 'ledger' | 'clock'>): Promise<void> {
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
