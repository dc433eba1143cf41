import type { CommandRequest, Invocation, SendResult, TargetAccess } from './command.ts';
import type { CommandId, InstanceId } from '../organization/ids.ts';

/** SSM Run Command. Reading throws as `InstancesPort` does; sending never throws for anything AWS or the network says. */
export interface CommandsPort {
  /**
   * Sends once: no retry of any kind below. Asserts that the session's account is `access.accountId` before the call.
   * `signal` aborting after the request left makes the result ambiguous, not an exception.
   */
  sendCommand(access: TargetAccess, request: CommandRequest, signal: AbortSignal): Promise<SendResult>;
  /** All invocations of one command, all pages, with output. Empty for about a second after the send, and for unknown commands. */
  listInvocations(
    access: TargetAccess,
    commandId: CommandId,
    signal: AbortSignal,
  ): Promise<readonly Invocation[]>;
  /**
   * Invocations in the target since a time, of one document or of all (null), newest first or not: the one way to find a
   * command by its marker that the guide's role allows. Pages are yielded as they come.
   */
  findInvocations(
    access: TargetAccess,
    query: { readonly documentName: string | null; readonly invokedAfterMs: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly Invocation[]>;
  /** Longer output of one failed invocation (stdout to 24,000 characters, stderr to 8,000); null when SSM has none. */
  readOutput(
    access: TargetAccess,
    invocation: {
      readonly commandId: CommandId;
      readonly instanceId: InstanceId;
      readonly pluginName: string | null;
    },
    signal: AbortSignal,
  ): Promise<{ readonly stdout: string; readonly stderr: string; readonly responseCode: number } | null>;
  /** Best effort. `denied` where ssm:CancelCommand is not granted. */
  cancelCommand(
    access: TargetAccess,
    commandId: CommandId,
    instanceIds: readonly InstanceId[],
    signal: AbortSignal,
  ): Promise<'requested' | 'denied'>;
}
