import type { CommandId, InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import type { RoleReference } from '../scan/matcher.ts';
import { RUN_SHELL_SCRIPT } from './render-install.ts';

/** Where a call goes and as whom. A null role means the worker's own credentials, whose account is asserted to be `accountId`. */
export interface TargetAccess extends Target {
  readonly role: RoleReference | null;
}

/** SSM's limit of instance ids in one SendCommand. https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
export const INSTANCES_PER_COMMAND = 50;

/** One SendCommand, rendered. `parameters` are SSM's: each a list, also for single values. */
export interface CommandRequest {
  readonly documentName: string;
  /** 1 to INSTANCES_PER_COMMAND, all of one platform. */
  readonly instanceIds: readonly InstanceId[];
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** Our marker, at most 100 characters. */
  readonly comment: string;
  /** SSM's TimeoutSeconds: delivery only, 30 to 2,592,000. */
  readonly deliveryTimeoutSeconds: number;
  /** After which the call must not be accepted any more, by `Clock.monotonicMs`: the adapter aborts it then, and checks again after signing. */
  readonly windowEndMonotonicMs: number;
  /**
   * After which the request must not leave any more, by the same counter, though an answer to one that has left is awaited until
   * `windowEndMonotonicMs`: what allowed the send was asked a moment ago, and a pause counts from then. @default windowEndMonotonicMs
   */
  readonly leaveByMonotonicMs?: number;
}

/** Why a whole command was refused, by SSM or before. Nothing ran. */
export type RefusalReason =
  | 'throttled'
  | 'denied'
  | 'region-off'
  | 'credentials'
  | 'invalid-instance-id'
  | 'unsupported-platform'
  | 'invalid-document'
  | 'invalid-parameters'
  /** Not SSM's word: the cluster cannot do what the installation asks for, so it was not sent. */
  | 'managed-updates-off'
  /** The request never left: refused connection, DNS, or its time passed before it was sent. */
  | 'not-sent';

/** What came of a SendCommand. */
export type SendResult =
  | {
      readonly kind: 'accepted';
      readonly commandId: CommandId;
      /** AWS's ExpiresAfter, epoch ms: no invocation can be live later. */
      readonly expiresAtMs: number;
    }
  | {
      readonly kind: 'refused';
      readonly reason: RefusalReason;
      /** The ids that SSM named; empty when it named none. */
      readonly instanceIds: readonly InstanceId[];
      readonly message: string;
      /** AWS's own error code, such as `InvalidInstanceId`. */
      readonly awsCode: string;
      readonly retryAfterMs: number | null;
    }
  /** The answer was lost: the command may or may not run. */
  | { readonly kind: 'ambiguous'; readonly message: string };

/** SSM's words for how an invocation stands, as replies spell them; `invocationResult` says which are final. */
export const STATUS_DETAILS = [
  'Pending',
  'InProgress',
  'Delayed',
  'Success',
  'Failed',
  'ExecutionTimedOut',
  'DeliveryTimedOut',
  'Undeliverable',
  'Terminated',
  'InvalidPlatform',
  'AccessDenied',
  'Cancelling',
  'Cancelled',
] as const;

/** StatusDetails of an invocation; decide on these, not on Status. `Unknown`: any word AWS adds later, never final. */
export type StatusDetails = (typeof STATUS_DETAILS)[number] | 'Unknown';

/** One command on one instance, as ListCommandInvocations shows it. */
export interface Invocation {
  readonly commandId: CommandId;
  readonly instanceId: InstanceId;
  readonly comment: string;
  readonly documentName: string;
  readonly requestedAtMs: number;
  readonly statusDetails: StatusDetails;
  /** The first failing step, else the last one; null until a step has run. */
  readonly plugin: {
    readonly name: string;
    /** The exit code; -1 where SSM has none. */
    readonly responseCode: number;
    /** Output as SSM shows it in a list: stdout, then stderr, cut by the agent at 2,500 characters. Untrusted. */
    readonly output: string;
  } | null;
}

/** What AWS takes when a command does not say: delivery and execution each. */
const AWS_DEFAULT_SECONDS = 3_600;

/** The longest a script may run on a host by the agent's own rule (5..172,800 s); a sender may ask for that much. */
export const LONGEST_EXECUTION_SECONDS = 172_800;

interface Timeouts {
  readonly deliveryTimeoutSeconds: number;
  readonly executionTimeoutSeconds: number;
}

/**
 * How long a command can be live at most, in ms from its request, when only its existence is known: its
 * sender may have had another document and another timeout. Where a worker saw SSM's own answer, its ExpiresAfter counts
 * instead. docs/sending-once.md says what this does not cover.
 */
export function longestLifeMs(timeouts: Pick<Timeouts, 'deliveryTimeoutSeconds'>): number {
  return (deliverySeconds(timeouts) + LONGEST_EXECUTION_SECONDS) * 1_000;
}

/** The same as far as our own configuration says. Not for deciding that a command has ended. */
export function usualLifeMs(documentName: string, timeouts: Timeouts): number {
  const execution =
    documentName === RUN_SHELL_SCRIPT
      ? Math.max(timeouts.executionTimeoutSeconds, AWS_DEFAULT_SECONDS)
      : LONGEST_EXECUTION_SECONDS;
  return (deliverySeconds(timeouts) + execution) * 1_000;
}

function deliverySeconds({ deliveryTimeoutSeconds }: Pick<Timeouts, 'deliveryTimeoutSeconds'>): number {
  return Math.max(deliveryTimeoutSeconds, AWS_DEFAULT_SECONDS);
}

/** SSM Run Command. Reading throws as `InstancesPort` does; sending never throws for anything AWS or the network says. */
export interface CommandsPort {
  /** AWS's time less the ledger's, ms, as AWS last told it; 0 before it has. To be added to what is compared with a date of AWS's. */
  awsAheadMs(): number;
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
