import type { Sealer } from '../organization/account-seal.ts';
import type { Intent } from './intent.ts';
import type { BatchId } from '../organization/ids.ts';
import { isMacOf, macOf, type MacParts } from './mac.ts';
import type { Target } from '../organization/target.ts';

/**
 * Proves that a worker once had a batch in this target, when the target was in scope. So its command is followed to its end
 * after the target has left the scope, and an intent of another client opens no account.
 *
 * @returns undefined without a key
 */
export function intentSeal(
  { keys, installation }: Sealer,
  target: Target,
  batchId: BatchId,
): string | undefined {
  return keys.length === 0 ? undefined : macOf(keys, 'record', partsOf(installation, target, batchId));
}

/** Whether the intent carries the seal of its batch and target. */
export function isIntentSealed(
  { keys, installation }: Sealer,
  target: Target,
  { batchId, seal }: Pick<Intent, 'batchId' | 'seal'>,
): boolean {
  return seal !== undefined && isMacOf(keys, 'record', partsOf(installation, target, batchId), seal);
}

function partsOf(installation: string, target: Target, batchId: BatchId): MacParts {
  return ['intent', installation, target.accountId, target.region, batchId];
}
