import { type SealedRecord, sealStateOf } from '@muster/core/enrollment/seal';
import { targetId, type Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { type Doubt, listDoubts } from './untrusted-ledger.ts';

/**
 * Makes the worker list the target's own commands in AWS again before the next send there, once everything that was sent
 * until now must show in that list. What contradicts the ledger becomes a finding. A record from before the key contradicts
 * nothing and raises none.
 */
export async function distrustTarget(
  target: Target,
  doubts: readonly Doubt[],
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  const id = targetId(target);
  const now = deps.clock.now();
  await deps.ledger.enrollments.distrust(target, now);
  if (doubts.length === 0) return;
  await deps.ledger.control.raise({
    kind: 'ledger-untrusted',
    scope: id,
    sinceMs: now,
    message: `The ledger in Redis contradicts itself about ${id}: ${listDoubts(doubts)}. The commands of this target are listed in AWS before anything is sent to it again.`,
    remedy:
      'Find out who else can write to Redis, or restored a part of it. Give Redis another password (docs/security.md), and look at what was sent lately (muster instances, the command history in SSM).',
  });
}

/**
 * Whether these candidates may be claimed as they are. If not, the target is not trusted from now on: its commands are listed
 * first, and what stands then is sealed again.
 */
export async function areTrusted(
  target: Target,
  candidates: readonly SealedRecord[],
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock' | 'commands' | 'sent'>,
): Promise<boolean> {
  const now = deps.clock.now();
  const doubts: Doubt[] = [];
  let isAnyUnsealed = false;
  for (const candidate of candidates) {
    const { instanceId: id } = candidate.value;
    const state = sealStateOf(deps.config.markerKeys, target, candidate);
    const commandId = deps.sent.contradicts(candidate.value, now + deps.commands.awsAheadMs());
    if (state === 'absent') isAnyUnsealed = true;
    if (state === 'wrong') doubts.push({ id, why: 'its record has a wrong seal' });
    else if (commandId !== null) {
      doubts.push({ id, why: `its record knows nothing of the command ${commandId}` });
    }
  }
  if (doubts.length === 0 && !isAnyUnsealed) return true;
  await distrustTarget(target, doubts, deps);
  return false;
}
