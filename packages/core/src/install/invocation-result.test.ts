import { aCommandId, anInstanceId, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import type { Invocation, StatusDetails } from './command.ts';
import { invocationResult } from './invocation-result.ts';

function invocation(
  statusDetails: StatusDetails,
  plugin: Partial<NonNullable<Invocation['plugin']>> | null = {},
): Invocation {
  return {
    commandId: aCommandId(),
    instanceId: anInstanceId(),
    comment: 'muster:v1:abc:01',
    documentName: 'AWS-RunShellScript',
    requestedAtMs: NOW_MS,
    statusDetails,
    plugin: plugin === null ? null : { name: 'aws:runShellScript', responseCode: 0, output: '', ...plugin },
  };
}

/** Every status; a new one does not compile without its line. */
const ENDS: Readonly<Record<StatusDetails, string | null>> = {
  Pending: null,
  InProgress: null,
  Delayed: null,
  Cancelling: null,
  Unknown: null,
  Success: 'success',
  Failed: 'ec2-ssm-script-failure',
  ExecutionTimedOut: 'ec2-ssm-execution-timed-out',
  DeliveryTimedOut: 'ec2-ssm-delivery-timed-out',
  Undeliverable: 'ec2-ssm-undeliverable',
  Terminated: 'ec2-ssm-terminated',
  InvalidPlatform: 'ec2-ssm-unsupported-os',
  AccessDenied: 'ec2-ssm-access-denied',
  Cancelled: 'ec2-ssm-canceled',
};

test.each(Object.entries(ENDS))('%s means %s', (status, end) => {
  const result = invocationResult(invocation(status as StatusDetails, { responseCode: 1 }), 100);

  expect(result === null ? null : result.kind === 'success' ? 'success' : result.cause).toBe(end);
});

test.each([
  [100, 'host-no-bash'],
  [101, 'host-no-sudo'],
  [102, 'host-no-curl'],
  [103, 'host-disk-full'],
  [104, 'host-proxy-unreachable'],
  [120, 'host-managed-elsewhere'],
  [122, 'ec2-ssm-unsupported-os'],
  [150, 'ec2-join-failure'],
  [1, 'ec2-ssm-script-failure'],
  [105, 'ec2-ssm-script-failure'],
  [151, 'ec2-ssm-script-failure'],
  [-1, 'ec2-ssm-script-failure'],
])('exit code %i of a failed script is %s', (exitCode, cause) => {
  expect(invocationResult(invocation('Failed', { responseCode: exitCode }), 100)).toEqual({
    kind: 'failure',
    cause,
    exitCode,
    output: '',
  });
});

test('an exit code means nothing beside a status that is not the script’s own end', () => {
  expect(invocationResult(invocation('ExecutionTimedOut', { responseCode: 102 }), 100)).toMatchObject({
    cause: 'ec2-ssm-execution-timed-out',
  });
  expect(invocationResult(invocation('InProgress', { responseCode: 102 }), 100)).toBeNull();
});

test('an invocation without a step ends too, with no exit code of its own', () => {
  expect(invocationResult(invocation('Undeliverable', null), 100)).toEqual({
    kind: 'failure',
    cause: 'ec2-ssm-undeliverable',
    exitCode: -1,
    output: '',
  });
});

test('the tail of the output is kept, up to the limit; zero keeps none', () => {
  const failed = invocation('Failed', { output: 'a long story, and at last: no space left' });

  expect(invocationResult(failed, 13)?.output).toBe('no space left');
  expect(invocationResult(failed, 4_000)?.output).toBe('a long story, and at last: no space left');
  expect(invocationResult(failed, 0)?.output).toBe('');
});

test('control characters that could steer a terminal are dropped, tabs and line ends stay', () => {
  const nasty = invocation('Failed', { output: 'a\u001b[2Jb\u0000c\r\td\ne\u007f\u009bf' });

  expect(invocationResult(nasty, 100)?.output).toBe('a[2Jbc\td\nef');
});
