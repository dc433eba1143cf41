import { anInstance, aManagedNode, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { judgeEligibility } from './eligibility.ts';
import type { Instance, ManagedNode } from './instance.ts';

const RULE = { nowMs: NOW_MS, minInstanceAgeMs: 60_000 };

function judge(instance: Partial<Instance>, node: Partial<ManagedNode> | null): string {
  const judgment = judgeEligibility(
    anInstance(instance),
    node === null ? undefined : aManagedNode(node),
    RULE,
  );
  return judgment.kind === 'eligible' ? 'eligible' : judgment.cause;
}

test.each<[string, string, Partial<Instance>, Partial<ManagedNode> | null]>([
  ['a Linux host whose agent is online', 'eligible', {}, {}],
  ['Windows by EC2, whatever SSM says', 'ec2-ssm-unsupported-os', { platform: 'windows' }, {}],
  ['Windows that is not registered', 'ec2-ssm-unsupported-os', { platform: 'windows' }, null],
  ['Windows by SSM', 'ec2-ssm-unsupported-os', {}, { platformType: 'Windows' }],
  ['macOS', 'ec2-ssm-unsupported-os', {}, { platformType: 'MacOS' }],
  ['one younger than the rule', 'ec2-too-young', { launchedAtMs: NOW_MS - 59_999 }, {}],
  ['one just old enough', 'eligible', { launchedAtMs: NOW_MS - 60_000 }, {}],
  ['a young one that SSM does not know yet', 'ec2-too-young', { launchedAtMs: NOW_MS }, null],
  ['an unknown launch time', 'eligible', { launchedAtMs: null }, {}],
  ['not registered, with a profile', 'ec2-ssm-agent-not-registered', { hasInstanceProfile: true }, null],
  ['not registered, without a profile', 'ec2-no-instance-profile', { hasInstanceProfile: false }, null],
  ['registered without a profile (DHMC)', 'eligible', { hasInstanceProfile: false }, {}],
  ['a lost connection', 'ec2-ssm-agent-connection-lost', {}, { pingStatus: 'ConnectionLost' }],
  [
    'a lost connection before an old agent',
    'ec2-ssm-agent-connection-lost',
    {},
    { pingStatus: 'ConnectionLost', agentVersion: '2.0.0.0' },
  ],
  ['an inactive ping, which AWS calls deprecated', 'eligible', {}, { pingStatus: 'Inactive' }],
  ['Bottlerocket', 'ec2-ssm-unsupported-os', {}, { platformName: 'Bottlerocket' }],
  ['Bottlerocket by its long name', 'ec2-ssm-unsupported-os', {}, { platformName: 'bottlerocket OS 1.20' }],
  ['a name that only begins alike', 'eligible', {}, { platformName: 'Bottlerocketeer Linux' }],
  ['no name of the platform', 'eligible', {}, { platformName: '' }],
  ['agent 2.3', 'ec2-ssm-agent-too-old', {}, { agentVersion: '2.3.1319.0' }],
  ['agent 3.0', 'ec2-ssm-agent-too-old', {}, { agentVersion: '3.0.1479.0' }],
  ['agent 3.1', 'eligible', {}, { agentVersion: '3.1.0.0' }],
  ['agent 3.10, later than 3.1', 'eligible', {}, { agentVersion: '3.10.1.0' }],
  ['agent 4.0', 'eligible', {}, { agentVersion: '4.0.0.0' }],
  ['no version', 'eligible', {}, { agentVersion: '' }],
  ['a version that is none', 'eligible', {}, { agentVersion: 'latest.x' }],
  ['half a version', 'eligible', {}, { agentVersion: '2' }],
])('%s: %s', (_what, verdict, instance, node) => {
  expect(judge(instance, node)).toBe(verdict);
});
