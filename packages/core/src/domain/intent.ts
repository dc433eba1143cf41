import type { BatchId, CommandId, InstanceId, MatcherKey } from './ids.ts';

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
}

/** A command that SSM accepted. */
export interface LiveCommand {
  readonly commandId: CommandId;
  /** AWS's ExpiresAfter: nothing of it can be live later. */
  readonly expiresAtMs: number;
}

/** What we write into a command's Comment: how a command is known to be ours, and which batch it is. */
export function markerOf(installation: string, batchId: BatchId): string {
  return `muster:v1:${installation}:${batchId}`;
}

/** The batch that a Comment names when it is a marker of this installation; null for anybody else's command. */
export function batchOfMarker(installation: string, comment: string): BatchId | null {
  const prefix = `muster:v1:${installation}:`;
  if (!comment.startsWith(prefix)) return null;
  const batch = comment.slice(prefix.length);
  return /^[0-9A-HJKMNP-TV-Z]{26}$/.test(batch) ? (batch as BatchId) : null;
}
