import { describe, expect, test } from 'vitest';
import type { SendResult } from '@muster/core/install/command';
import type { InstanceId } from '@muster/core/organization/ids';
import { aManagedNode, anInstance, anInstanceId, anIntent } from '@muster/testing/builders';
import { blamedIds, causeOfInvalidInstance } from './invalid-instances.ts';

const [A, B, STRANGER] = [anInstanceId(1), anInstanceId(2), anInstanceId(9)] as const;

function refused(
  instanceIds: readonly InstanceId[],
  reason: Extract<SendResult, { kind: 'refused' }>['reason'] = 'invalid-instance-id',
): Extract<SendResult, { kind: 'refused' }> {
  return {
    kind: 'refused',
    reason,
    instanceIds,
    message: '',
    awsCode: 'InvalidInstanceId',
    retryAfterMs: null,
  };
}

const blamed = (sentTo: readonly InstanceId[], result: ReturnType<typeof refused>): readonly InstanceId[] => [
  ...blamedIds({ ...anIntent(), instanceIds: sentTo }, result),
];

describe('who is to blame for a refusal', () => {
  test('whom SSM names, of those that were sent to', () => {
    expect(blamed([A, B], refused([B]))).toEqual([B]);
    expect(blamed([A, B], refused([B, STRANGER]))).toEqual([B]);
  });

  test('none, when SSM names no instance that was sent to and it may have been any of them', () => {
    expect(blamed([A, B], refused([]))).toEqual([]);
    expect(blamed([A, B], refused([STRANGER]))).toEqual([]);
  });

  test('the only one that was sent to, whichever one SSM names', () => {
    expect(blamed([A], refused([]))).toEqual([A]);
    expect(blamed([A], refused([STRANGER]))).toEqual([A]);
  });

  test('all, when it is about the call as a whole', () => {
    expect(blamed([A, B], refused([], 'denied'))).toEqual([A, B]);
  });

  test('the one that IAM names, and no other', () => {
    expect(blamed([A, B], refused([B], 'denied'))).toEqual([B]);
    expect(blamed([A, B], refused([STRANGER], 'denied'))).toEqual([A, B]);
  });
});

test.each([
  ['EC2 does not show it here', undefined, undefined, 'ec2-instance-elsewhere'],
  ['it is terminated', anInstance({ state: 'terminated' }), undefined, 'ec2-instance-not-running'],
  ['it goes down', anInstance({ state: 'shutting-down' }), aManagedNode(), 'ec2-instance-not-running'],
  ['it is stopped', anInstance({ state: 'stopped' }), aManagedNode(), 'ec2-instance-not-running'],
  [
    'SSM does not know it',
    anInstance({ hasInstanceProfile: true }),
    undefined,
    'ec2-ssm-agent-not-registered',
  ],
  ['no profile either', anInstance({ hasInstanceProfile: false }), undefined, 'ec2-no-instance-profile'],
  [
    'the agent is offline',
    anInstance(),
    aManagedNode({ pingStatus: 'ConnectionLost' }),
    'ec2-ssm-agent-connection-lost',
  ],
  [
    'the agent is inactive',
    anInstance(),
    aManagedNode({ pingStatus: 'Inactive' }),
    'ec2-ssm-agent-connection-lost',
  ],
  ['nothing is wrong to be seen', anInstance(), aManagedNode(), 'ec2-ssm-node-refused'],
] as const)('InvalidInstanceId, and %s', (_reason, instance, node, cause) => {
  expect(causeOfInvalidInstance(instance, node)).toBe(cause);
});
