import type { Sealer } from '../organization/account.ts';
import type { BatchId, CommandId, InstanceId, MatcherKey } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import { isMacOf, macOf, type MacParts } from './mac.ts';

/**
 * One batch on its way through SendCommand: written before the call, with everything needed to finish the work of a
 * process that died in the middle. It exists exactly as long as a command may be live.
 */
export interface Intent {
  readonly batchId: BatchId;
  readonly matcherKey: MatcherKey;
  readonly documentName: string;
  readonly instanceIds: readonly InstanceId[];
  /** By the ledger's clock, as `notAfterMs`. */
  readonly intentAtMs: number;
  /** No request leaves later than this. */
  readonly notAfterMs: number;
  /** Ledger epoch under which it was written. */
  readonly epoch: string;
  /** Null while the outcome of the send is not known. */
  readonly command: LiveCommand | null;
  /** Looks at the command so far. */
  readonly polls: number;
  /** Id of the key that signs its marker (`keyIdsOf`); absent when none does. */
  readonly keyId?: string | undefined;
  /** Sweeps in which its instances were queued, ten at most; absent without. Decides nothing. */
  readonly sweepIds?: readonly string[] | undefined;
  /** See `intentSeal`; absent without a key. */
  readonly seal?: string | undefined;
}

/** A command that SSM accepted. */
export interface LiveCommand {
  readonly commandId: CommandId;
  /** AWS's ExpiresAfter: nothing of it can be live later. */
  readonly expiresAtMs: number;
}

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
