import type { AttemptResult } from '../enrollment/record.ts';
import type { Cause } from '../enrollment/cause.ts';
import type { Invocation, StatusDetails } from './command.ts';
import { causeOfExitCode } from './exit-codes.ts';

/** What a final status means when it is not the script's own end. */
const CAUSE_OF_STATUS = {
  ExecutionTimedOut: 'ec2-ssm-execution-timed-out',
  DeliveryTimedOut: 'ec2-ssm-delivery-timed-out',
  Undeliverable: 'ec2-ssm-undeliverable',
  Terminated: 'ec2-ssm-terminated',
  InvalidPlatform: 'ec2-ssm-unsupported-os',
  AccessDenied: 'ec2-ssm-access-denied',
  Cancelled: 'ec2-ssm-canceled',
} as const satisfies Partial<Record<StatusDetails, Cause>>;

/**
 * How an invocation ended; null while it has not. Only StatusDetails decides: Status lumps what must be kept apart,
 * and a word that AWS adds later is never taken for an end.
 *
 * @param outputChars how much of the output's tail to keep; 0 keeps none
 */
export function invocationResult(invocation: Invocation, outputChars: number): AttemptResult | null {
  const exitCode = invocation.plugin?.responseCode ?? -1;
  const output = tail(invocation.plugin?.output ?? '', outputChars);
  switch (invocation.statusDetails) {
    case 'Pending':
    case 'InProgress':
    case 'Delayed':
    case 'Cancelling':
    case 'Unknown':
      return null;
    case 'Success':
      return { kind: 'success', exitCode, output };
    case 'Failed':
      return {
        kind: 'failure',
        cause: causeOfExitCode(exitCode),
        exitCode,
        output,
      };
    case 'ExecutionTimedOut':
    case 'DeliveryTimedOut':
    case 'Undeliverable':
    case 'Terminated':
    case 'InvalidPlatform':
    case 'AccessDenied':
    case 'Cancelled':
      return { kind: 'failure', cause: CAUSE_OF_STATUS[invocation.statusDetails], exitCode, output };
    default:
      return invocation.statusDetails satisfies never;
  }
}

/** Whether its command may still run there. */
export function isLive(invocation: Invocation): boolean {
  return invocationResult(invocation, 0) === null;
}

/** The last characters: a script's verdict comes last. Control characters that could steer a terminal are dropped. */
function tail(output: string, chars: number): string {
  // eslint-disable-next-line no-control-regex -- exactly the control characters are what must go
  const plain = output.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
  return plain.length <= chars ? plain : plain.slice(plain.length - chars);
}
