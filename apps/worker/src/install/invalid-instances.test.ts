import type { SendResult } from '@muster/core/install/command';
import type { InstanceId } from '@muster/core/organization/ids';
import { anInstanceId, anIntent } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { blamedIds } from './invalid-instances.ts';

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
