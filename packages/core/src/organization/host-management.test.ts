import { expect, test } from 'vitest';
import { countUnmanaged, findingsOfHostManagement, type HostManagementSum } from './host-management.ts';

const NONE = { targets: 0, hosts: 0, withoutProfile: 0 };
const OFF: HostManagementSum = {
  byState: { on: NONE, off: { targets: 23, hosts: 1_204, withoutProfile: 1_100 }, unknown: NONE },
  offSinceMs: 1_800_000_000_000,
  most: [
    { place: '111122223333.eu-west-1', hosts: 400 },
    { place: '111122223333.us-east-1', hosts: 12 },
  ],
};

test('hosts that Systems Manager does not have are counted, and no others', () => {
  const causes = [
    ['ec2-no-instance-profile', 1],
    ['ec2-no-instance-profile', 4],
    ['ec2-ssm-agent-not-registered', 2],
    ['ec2-ssm-agent-connection-lost', 8],
    ['ec2-ssm-unsupported-os', 16],
    ['a-cause-of-a-newer-release', 32],
  ] as const;

  expect(countUnmanaged(causes)).toEqual({ hosts: 7, withoutProfile: 5 });
});

test('all targets that lack it are one finding, with how many hosts it would win, who must act and what to run', () => {
  const [finding, ...others] = findingsOfHostManagement(OFF);

  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    kind: 'host-management-off',
    scope: 'all',
    sinceMs: 1_800_000_000_000,
    count: 23,
  });
  expect(finding?.message).toBe(
    'In 23 targets (account and region) Default Host Management Configuration of Systems Manager is off. Muster can send nothing to 1204 hosts there that Systems Manager does not manage (1100 without an instance profile); the setting would win at most these. Most are in 111122223333.eu-west-1 (400), 111122223333.us-east-1 (12).',
  );
  expect(finding?.remedy).toContain('muster init dhmc');
});

test('where Muster may not ask is told beside it, and is no finding alone', () => {
  const unknown = { targets: 4, hosts: 9, withoutProfile: 9 };
  const { byState } = OFF;

  const [finding] = findingsOfHostManagement({ ...OFF, byState: { ...byState, unknown } });

  expect(finding?.message).toContain('In 4 more targets with such hosts Muster could not ask');
  expect(findingsOfHostManagement({ ...OFF, byState: { ...byState, off: NONE, unknown } })).toEqual([]);
});
