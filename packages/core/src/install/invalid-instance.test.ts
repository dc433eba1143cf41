import { expect, test } from 'vitest';
import { anInstance, aManagedNode } from '@muster/testing/builders';
import { causeOfInvalidInstance } from './invalid-instance.ts';

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
