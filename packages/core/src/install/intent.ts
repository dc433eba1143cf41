import type { BatchId, CommandId, InstanceId, MatcherKey } from '../organization/ids.ts';

/**
 * One batch on its way through SendCommand: written before the call, with everything needed to finish the work of a
 * process that died in the middle. It exists exactly as long as a command may be live.
 */
export interface Intent {
  readonly batchId: BatchId;
  readonly matcherKey: MatcherKey;
  readonly documentName: string;
  readonly instanceIds: readonly InstanceId[];
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
  /** See `intentSeal`; absent without a key. */
  readonly seal?: string | undefined;
}

/** A command that SSM accepted. */
export interface LiveCommand {
  readonly commandId: CommandId;
  /** AWS's ExpiresAfter: nothing of it can be live later. */
  readonly expiresAtMs: number;
}
