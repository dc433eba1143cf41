import { readFileSync, writeFileSync } from 'node:fs';
import type { PolicyDocument } from '@muster/aws-sim/iam/policy';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { refereeFaults } from '@muster/testing/referee';
import { afterEach, expect, test } from 'vitest';

/** Teleport's guide names this role, and its trust asks for nothing but the discovery role. */
const ROLE = 'teleport-discovery-role';
const ORGANIZATION = 'o-a1b2c3d4e5';

/** Exactly what the guide's two policies and its trust allow: no ListAccounts, no CancelCommand, no external id. */
const POLICIES: Readonly<Record<'discovery' | 'member' | 'memberTrust', PolicyDocument>> = {
  discovery: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [
          'organizations:ListAccountsForParent',
          'organizations:ListChildren',
          'organizations:ListRoots',
        ],
        Resource: '*',
      },
      { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' },
    ],
  },
  member: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [
          'account:ListRegions',
          'ec2:DescribeInstances',
          'ssm:DescribeInstanceInformation',
          'ssm:GetCommandInvocation',
          'ssm:ListCommandInvocations',
          'ssm:SendCommand',
        ],
        Resource: '*',
      },
    ],
  },
  memberTrust: {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'sts:AssumeRole',
        Condition: { ArnEquals: { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/discovery' } },
      },
    ],
  },
};

/** What is tried on the chance that it is granted. */
const OPTIONAL = new Set([
  'organizations:ListAccounts',
  'ssm:CancelCommand',
  'ssm:GetServiceSetting',
  'ssm:ListCommands',
  'ec2:DescribeRegions',
]);

let system: MusterSystem;
afterEach(() => system.close());

async function startGuideWorld(): Promise<void> {
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    world: {
      world: {
        name: 'the organization of the guide',
        organizationId: ORGANIZATION,
        generate: { accounts: 5, regions: 2, instances: 50 },
        accounts: [{ id: '111122223333', name: 'discovery', instances: [{ region: 'us-east-1' }] }],
        matchTags: { env: 'prod' },
        access: {
          roleName: ROLE,
          principalAccountId: '111122223333',
          delegatedAdministrators: ['111122223333'],
          discoveryRole: 'discovery',
          policies: POLICIES,
        },
      },
    },
  });
}

test.each(['dynamic', 'static'])(
  "Teleport's guide, its %s configuration pasted as it is: everything is enrolled with its permissions alone",
  {
    timeout: 120_000,
  },
  async (form) => {
    await startGuideWorld();
    const fixture = new URL(
      `../../packages/core/src/config/fixtures/good/guide-organization-${form}.yaml`,
      import.meta.url,
    );
    // The reader's own proxy; and what Muster asks for beyond the guide, which is where tctl is.
    const pasted = readFileSync(fixture, 'utf8').replace(
      'teleport.example.com:443',
      system.facts.proxyAddress,
    );
    const own = `muster:\n  redis: {prefix: test}\n  inventory: {command: ${system.facts.tctl}}\n`;
    writeFileSync(
      system.configFile,
      pasted.includes('\n---\n') ? pasted.replace('\n---\n', `\n${own}---\n`) : `${pasted}${own}`,
    );
    Object.assign(system.env, {
      MUSTER_CONSOLE_LISTEN: '127.0.0.1:0',
      MUSTER_WORKER_LISTEN: '127.0.0.1:0',
    });

    const check = await system.cli('config', 'check');
    expect({ code: check.code, stderr: check.stderr }).toMatchObject({ code: 0 });
    await system.cli('resume', '--all');
    const { code, stdout } = await system.cli('run', '--once', '--json');

    const status = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Parameters<
      typeof refereeFaults
    >[1];
    expect([code, status.sweep.verdict, status.instances.byState]).toEqual([0, 'complete', { joined: 51 }]);
    // Teleport's guide knows no key.
    expect(status.findings.map(({ kind }) => kind)).toEqual(['marker-key-missing']);
    expect(refereeFaults(system.report(), status)).toEqual([]);
    const denied = Object.entries(system.report().calls).filter(([, calls]) => calls.denied > 0);
    expect(denied.map(([api]) => api).filter((api) => !OPTIONAL.has(api))).toEqual([]);
  },
);
