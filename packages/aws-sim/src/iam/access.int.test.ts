import { DescribeOrganizationCommand, ListAccountsCommand } from '@aws-sdk/client-organizations';
import { GetCallerIdentityCommand, AssumeRoleCommand } from '@aws-sdk/client-sts';
import { expect, test } from 'vitest';
import type { AwsSim } from '../start.ts';
import { type Seen, seen } from '../testing/answers.ts';
import { sdkClients } from '../testing/sdk-clients.ts';
import { startWorld } from '../testing/simulators.ts';
import type { WorldFile } from '../world/file.ts';

const MEMBER = '100000000002';

function start(access: WorldFile['access']): Promise<AwsSim> {
  return startWorld({
    name: 'access',
    access,
    accounts: [{ id: '100000000001' }, { id: MEMBER }, { id: '100000000003', role: 'wrong-external-id' }],
  });
}

function assume(sim: AwsSim, role: string, externalId?: string, accountId = MEMBER): Promise<Seen> {
  const RoleArn = `arn:aws:iam::${accountId}:role/${role}`;
  const input = { RoleArn, RoleSessionName: 'access', ExternalId: externalId };
  return seen(sdkClients(sim).sts.send(new AssumeRoleCommand(input)));
}

test.each([
  ['a member account', undefined, 'AccessDeniedException'],
  ['a delegated administrator', [MEMBER], ''],
])('Organizations is read by %s as it should', async (_who, delegatedAdministrators, name) => {
  const sim = await start({ principalAccountId: MEMBER, delegatedAdministrators });
  const { organizations } = sdkClients(sim);

  const listed = await seen(organizations.send(new ListAccountsCommand({})));
  const described = await seen(organizations.send(new DescribeOrganizationCommand({})));

  expect([listed.name, described.ok]).toEqual([name, true]);
});

test('a trust policy looks at the name of the role and the external id', async () => {
  const sim = await start({ roleName: 'discovery', externalId: 'secret-1' });

  const answers = [
    await assume(sim, 'discovery', 'secret-1'),
    await assume(sim, 'path/to/discovery', 'secret-1'),
    await assume(sim, 'other', 'secret-1'),
    await assume(sim, 'discovery', 'secret-2'),
    await assume(sim, 'discovery'),
    await assume(sim, 'discovery', 'secret-1', '100000000003'),
  ];

  const no = 'AccessDenied';
  expect(answers.map((answer) => answer.name)).toEqual(['', '', no, no, no, no]);
});

test('a role that the world names with its path is known by its whole name only', async () => {
  const sim = await start({ roleName: 'teleport/fleet/discovery' });

  const answers = [
    await assume(sim, 'teleport/fleet/discovery'),
    await assume(sim, 'fleet/discovery'),
    await assume(sim, 'discovery'),
  ];

  expect(answers.map((answer) => answer.name)).toEqual(['', 'AccessDenied', 'AccessDenied']);
});

test('what a policy leaves out is denied, but who one is can always be asked', async () => {
  const sim = await start({ deniedDiscoveryActions: ['organizations:*', 'sts:*'] });
  const { organizations, sts } = sdkClients(sim);

  const listed = await seen(organizations.send(new ListAccountsCommand({})));
  const entered = await assume(sim, 'any');
  const identity = await seen(sts.send(new GetCallerIdentityCommand({})));

  expect([listed.name, entered.name, identity.ok]).toEqual(['AccessDeniedException', 'AccessDenied', true]);
});

test('another partition has its own ARNs and regions, and knows no keys in the others’', async () => {
  const sim = await startWorld({
    name: 'GovCloud',
    partition: 'aws-us-gov',
    generate: { accounts: 2, regions: 4, instances: 2, scenario: 'clean' },
  });
  const [, member] = sim.world.accounts;
  const there = sdkClients(sim, undefined, 'us-gov-west-1');
  const assumeIn = (partition: string): Promise<Seen> =>
    seen(
      there.sts.send(
        new AssumeRoleCommand({
          RoleArn: `arn:${partition}:iam::${member?.id ?? ''}:role/any`,
          RoleSessionName: 'access',
        }),
      ),
    );

  const identity = await there.sts.send(new GetCallerIdentityCommand({}));
  const elsewhere = await seen(sdkClients(sim).sts.send(new GetCallerIdentityCommand({})));
  const listed = await there.organizations.send(new ListAccountsCommand({}));

  expect(sim.world.regions).toEqual(['us-gov-west-1', 'us-gov-east-1']);
  expect(identity.Arn).toMatch(/^arn:aws-us-gov:iam::/);
  expect([elsewhere.name, elsewhere.ok]).toEqual(['InvalidClientTokenId', false]);
  expect(listed.Accounts?.map(({ Arn }) => Arn?.split(':')[1])).toEqual(['aws-us-gov', 'aws-us-gov']);
  expect([(await assumeIn('aws-us-gov')).ok, (await assumeIn('aws')).name]).toEqual([
    true,
    'ValidationError',
  ]);
});
