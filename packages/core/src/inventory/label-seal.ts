import type { Sealer } from '../organization/account-seal.ts';
import { isMacOf, macOf, type MacParts } from '../install/mac.ts';
import type { LabelChange } from './node-labels.ts';
import type { Target } from '../organization/target.ts';

/**
 * Seals labels that wait to be written: they decide who may enter a node, and lie in Redis between the scan that made them
 * and the write. Unchanged without a key.
 */
export function sealLabels({ keys, installation }: Sealer, target: Target, change: LabelChange): LabelChange {
  if (keys.length === 0) return change;
  return { ...change, seal: macOf(keys, 'record', partsOf(installation, target, change)) };
}

/** Whether a worker with one of the keys made these labels for this instance; always without a key. */
export function areLabelsSealed(
  { keys, installation }: Sealer,
  target: Target,
  change: LabelChange,
): boolean {
  if (keys.length === 0) return true;
  return isMacOf(keys, 'record', partsOf(installation, target, change), change.seal ?? '');
}

function partsOf(installation: string, target: Target, change: LabelChange): MacParts {
  const { instanceId, digest, labels, gone } = change;
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    'labels',
    installation,
    target.accountId,
    target.region,
    instanceId,
    digest,
    JSON.stringify(sorted),
    String(gone),
  ];
}
