import { areLabelsSealed, type WaitingChange } from '@muster/core/inventory/label-store';
import { keepLabels } from '@muster/core/inventory/node-labels';
import { targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from '../organization/account-scope.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'clock' | 'config' | 'installation'>;

/** Instances shown in a finding. */
const IDS_SHOWN = 10;

/**
 * What of waiting labels may be written: those that a worker sealed, and of them what a tag can have become. The rest is left
 * out and told, and the next scan makes it anew from the tags that EC2 shows.
 */
export async function checkLabels(
  batch: readonly WaitingChange[],
  deps: Deps,
): Promise<readonly WaitingChange[]> {
  const sealer = sealerOf(deps);
  const fit: WaitingChange[] = [];
  const forged: WaitingChange[] = [];
  const told: WaitingChange[] = [];
  let dropped = 0;
  for (const waiting of batch) {
    const { target, change } = waiting;
    const { kept, dropped: lost } = keepLabels(change.labels);
    const isSealed = areLabelsSealed(sealer, target, change);
    if (isSealed) fit.push({ ...waiting, change: { ...change, labels: kept } });
    else forged.push(waiting);
    if (!isSealed || lost > 0) told.push(waiting);
    dropped += isSealed ? lost : Object.keys(change.labels).length;
  }
  if (forged.length > 0) await deps.ledger.labels.leaveOut(forged);
  if (told.length > 0) await raiseForged(told, dropped, deps);
  return fit;
}

async function raiseForged(
  told: readonly WaitingChange[],
  dropped: number,
  { ledger, clock }: Deps,
): Promise<void> {
  const shown = told
    .slice(0, IDS_SHOWN)
    .map(({ target, change }) => `${change.instanceId} in ${targetId(target)}`)
    .join(', ');
  const more = told.length > IDS_SHOWN ? ` and ${told.length - IDS_SHOWN} more` : '';
  await ledger.control.raise({
    kind: 'ledger-untrusted',
    scope: 'labels',
    sinceMs: clock.now(),
    message: `${dropped} labels that waited in Redis for ${told.length} nodes were not written: no worker wrote them there, or no tag can have become them (${shown}${more}). The next scan makes them anew from the tags that EC2 shows.`,
    remedy:
      'After an upgrade, or when the marker key was replaced, there is nothing to do. If not, another client than Muster writes to Redis: find out whose, and give it another password. This note goes away after a later listing of accounts.',
  });
}
