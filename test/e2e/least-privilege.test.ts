import { startSystem } from '@muster/testing/muster-system';
import { expect, test } from 'vitest';

/** What the guide's roles do not allow, and what a member role might, and Muster could make use of. */
const DENIED_TO_DISCOVERY = [
  'organizations:ListAccounts',
  'organizations:DescribeOrganization',
  'organizations:DescribeAccount',
  'organizations:ListOrganizationalUnitsForParent',
  'organizations:ListParents',
];
const DENIED_TO_MEMBERS = [
  'ssm:CancelCommand',
  'ssm:ListCommands',
  'ssm:GetDocument',
  'ssm:DescribeDocument',
  'ec2:DescribeRegions',
];

test("the guide's permissions are enough to read and enroll everything", async () => {
  const roleName = 'teleport-organization-discovery-child-account-role';
  const system = await startSystem({
    world: {
      accounts: 8,
      regions: 2,
      instances: 80,
      settings: {
        access: {
          roleName,
          externalId: 'an-external-id',
          deniedDiscoveryActions: DENIED_TO_DISCOVERY,
          deniedMemberActions: DENIED_TO_MEMBERS,
        },
      },
    },
  });
  try {
    const status = await system.judged();

    expect(status.sweep).toMatchObject({ verdict: 'complete', accounts: { total: 8, denied: 0 } });
    expect(status.instances.byState).toEqual({ joined: 80 });
    expect(status.findings).toEqual([]);
    const { calls } = system.report();
    expect(calls['organizations:ListAccountsForParent']?.ok).toBeGreaterThan(0);
  } finally {
    await system.close();
  }
});
