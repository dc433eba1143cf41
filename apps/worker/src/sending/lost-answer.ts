import { longestLifeMs } from '@muster/core/domain/command-life';
import type { Invocation, TargetAccess } from '@muster/core/domain/command';
import type { EnrollmentEvent } from '@muster/core/domain/enrollment/event';
import { markerOf, type Intent, type LiveCommand } from '@muster/core/domain/intent';
import { targetId, type Target } from '@muster/core/domain/target';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { Versioned } from '@muster/core/ports/ledger';
import type { HandlerDeps } from '../deps.ts';
import { dispatch, type DueOutcome } from '../due-work.ts';
import { applyWithIntent } from '../records/apply-events.ts';
import { collectOutcome, type CollectResult } from './collect-outcome.ts';

/**
 * The answer to the send was lost: was it accepted? Found by its marker, it is followed. Not found, it did not happen, but
 * only once a request of that time can no longer be accepted.
 */
export async function resolveSend(
  target: Target,
  { value: intent, version }: Versioned<Intent>,
  access: TargetAccess,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<CollectResult>> {
  const { install } = deps.config;
  const now = deps.clock.now();
  const open = intent.instanceIds.length;
  // Whoever wrote the intent may still be sending.
  if (now <= intent.notAfterMs) return collectOutcome(intent.notAfterMs + 1, 0, open, 'sending');
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
    return collectOutcome(now, 0, open, 'found');
  }
  // Asked before the listing, so that the listing began after the last moment at which the request could be accepted.
  if (now < intent.intentAtMs + install.resendAfterMs) {
    return collectOutcome(
      Math.min(now + install.visibilityMs, intent.intentAtMs + install.resendAfterMs),
      0,
      open,
      'looked-for',
    );
  }
  // Whoever sent it has recorded its answer meanwhile: then it is followed.
  if (!(await closeUnsent(target, intent, version, deps))) return collectOutcome(now, 0, open, 'found');
  ctx.log.info({ target: targetId(target), batchId: intent.batchId }, 'send did not happen');
  return collectOutcome(null, 0, 0, 'not-sent');
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
