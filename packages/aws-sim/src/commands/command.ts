import type { Account } from '../world/model.ts';
import type { ParameterValues, SsmDocument } from './documents.ts';

/** `StatusDetails` of an invocation. */
export type InvocationDetails =
  | 'Pending'
  | 'InProgress'
  | 'Delayed'
  | 'Success'
  | 'Failed'
  | 'ExecutionTimedOut'
  | 'DeliveryTimedOut'
  | 'Undeliverable'
  | 'Terminated'
  | 'InvalidPlatform'
  | 'AccessDenied'
  | 'Cancelling'
  | 'Cancelled';

/** Details with which an invocation is over. */
export type TerminalDetails = Exclude<InvocationDetails, 'Pending' | 'InProgress' | 'Delayed' | 'Cancelling'>;

/** Ends that the service makes without sending anything. */
export type Refusal = 'Terminated' | 'InvalidPlatform' | 'AccessDenied';

/** How an invocation ended. */
export interface InvocationEnd {
  readonly details: TerminalDetails;
  /** -1 when nothing is known of it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command on one host. Times are real epoch milliseconds; null for not yet. */
export interface Invocation {
  readonly command: Command;
  readonly instanceId: string;
  readonly hostname: string;
  readonly platformType: string;
  /** Why the service will not send it to this host; null when it will. */
  readonly refusal: Refusal | null;
  /** When the agent took it up. */
  startedAtMs: number | null;
  /** When the service noticed that it cannot be delivered at once. */
  delayedAtMs: number | null;
  cancellingAtMs: number | null;
  endedAtMs: number | null;
  end: InvocationEnd | null;
}

/** A command as it was accepted, with its invocations. */
export interface Command {
  readonly id: string;
  /** Position among all commands of the world, from 0. */
  readonly number: number;
  readonly account: Account;
  readonly region: string;
  readonly document: SsmDocument;
  readonly documentName: string;
  readonly documentVersion: string;
  readonly comment: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly values: ParameterValues;
  readonly timeoutSeconds: number;
  readonly executionSeconds: number;
  readonly requestedAtMs: number;
  /** Requested + both timeouts, in real time as AWS shows it; enforced on the scaled clock. */
  readonly expiresAtMs: number;
  /** From when on reads show it. */
  readonly visibleAtMs: number;
  readonly instanceIds: readonly string[];
  readonly targets: readonly { readonly Key: string; readonly Values: readonly string[] }[];
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  readonly outputS3: { readonly bucket: string; readonly prefix: string; readonly region: string };
  /** What the sender asked for beside the run itself; shown again, and otherwise without effect here. */
  readonly serviceRole: string;
  readonly notification: {
    readonly NotificationArn?: string | undefined;
    readonly NotificationEvents?: readonly string[] | undefined;
    readonly NotificationType?: string | undefined;
  };
  readonly cloudWatch: {
    readonly CloudWatchLogGroupName?: string | undefined;
    readonly CloudWatchOutputEnabled?: boolean | undefined;
  };
  readonly alarms: readonly { readonly Name?: string | undefined }[];
  readonly principalArn: string;
  /** Sent by an owner of the account, not by whom the referee judges. @default false */
  readonly isMembers?: boolean;
  readonly invocations: Invocation[];
  /** Invocations that have not ended. */
  open: number;
  cancelledAtMs: number | null;
}

/** `Status` that goes with `StatusDetails`. */
export const STATUS_OF: Readonly<Record<InvocationDetails, string>> = {
  Pending: 'Pending',
  InProgress: 'InProgress',
  Delayed: 'Delayed',
  Success: 'Success',
  Failed: 'Failed',
  ExecutionTimedOut: 'TimedOut',
  DeliveryTimedOut: 'TimedOut',
  Undeliverable: 'Failed',
  Terminated: 'Cancelled',
  InvalidPlatform: 'Failed',
  AccessDenied: 'Failed',
  Cancelling: 'Cancelling',
  Cancelled: 'Cancelled',
};

/** How an invocation looks to a reader of the state of `atMs`. */
export function detailsAt(invocation: Invocation, atMs: number): InvocationDetails {
  const { end, endedAtMs, cancellingAtMs, startedAtMs, delayedAtMs } = invocation;
  if (end !== null && endedAtMs !== null && endedAtMs <= atMs) return end.details;
  if (cancellingAtMs !== null && cancellingAtMs <= atMs) return 'Cancelling';
  if (startedAtMs !== null && startedAtMs <= atMs) return 'InProgress';
  if (delayedAtMs !== null && delayedAtMs <= atMs) return 'Delayed';
  return 'Pending';
}

/** A command's own figures as of a moment. */
export interface CommandSummary {
  readonly status: string;
  readonly details: string;
  readonly targetCount: number;
  readonly completedCount: number;
  readonly errorCount: number;
  readonly deliveryTimedOutCount: number;
}

/** Sums up a command as of a moment. */
export function summarize(command: Command, atMs: number): CommandSummary {
  const counts = new Map<InvocationDetails, number>();
  for (const invocation of command.invocations) {
    const details = detailsAt(invocation, atMs);
    counts.set(details, (counts.get(details) ?? 0) + 1);
  }
  const of = (...details: InvocationDetails[]): number =>
    details.reduce((sum, detail) => sum + (counts.get(detail) ?? 0), 0);
  const targetCount = command.invocations.length;
  const completedCount = targetCount - of('Pending', 'InProgress', 'Delayed', 'Cancelling');
  const [status, details] = overall(command, atMs, of, targetCount, completedCount);
  return {
    status,
    details,
    targetCount,
    completedCount,
    errorCount: of('Failed', 'ExecutionTimedOut'),
    deliveryTimedOutCount: of('DeliveryTimedOut'),
  };
}

function overall(
  command: Command,
  atMs: number,
  of: (...details: InvocationDetails[]) => number,
  targetCount: number,
  completedCount: number,
): [status: string, details: string] {
  if (targetCount === 0) return ['Success', 'NoInstancesInTag'];
  const cancelled = command.cancelledAtMs !== null && command.cancelledAtMs <= atMs;
  if (completedCount < targetCount) {
    if (cancelled) return ['Cancelling', 'Cancelling'];
    return of('Pending') === targetCount ? ['Pending', 'Pending'] : ['InProgress', 'InProgress'];
  }
  if (cancelled && of('Cancelled') > 0) return ['Cancelled', 'Cancelled'];
  if (of('DeliveryTimedOut') === targetCount) return ['TimedOut', 'DeliveryTimedOut'];
  if (of('ExecutionTimedOut') === targetCount) return ['TimedOut', 'ExecutionTimedOut'];
  if (of('AccessDenied') === targetCount) return ['Failed', 'AccessDenied'];
  const errors = of('Failed', 'ExecutionTimedOut');
  // What never reached a host counts for nothing, unless nothing else is there: four Undeliverable and a Success succeed.
  const counted = targetCount - of('Undeliverable', 'InvalidPlatform', 'AccessDenied');
  if (errors > allowedErrors(command) || counted === 0) return ['Failed', 'Failed'];
  return of('Success') < counted ? ['Failed', 'Incomplete'] : ['Success', 'Success'];
}

/** How many failures a command bears before the rest is no longer sent. */
export function allowedErrors(command: Command): number {
  return share(command.maxErrors, command.invocations.length);
}

/** How many hosts of a command may run at once. */
export function allowedConcurrency(command: Command): number {
  return Math.max(1, share(command.maxConcurrency, command.invocations.length));
}

function share(text: string, count: number): number {
  return text.endsWith('%') ? Math.floor((Number(text.slice(0, -1)) * count) / 100) : Number(text);
}
