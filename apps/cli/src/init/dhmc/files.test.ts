import { parse as parseHcl } from '@cdktn/hcl2json';
import { AccountId, Region } from '@muster/core/organization/ids';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { templateFaults } from '../cloudformation-schema.fixture.ts';
import { isHere, runChecker } from '../command-here.fixture.ts';
import { policyFaults } from '../iam-grammar.fixture.ts';
import { dhmcFiles, type DhmcSettings } from './files.ts';
import { type LackingTarget, mergeTargets, readTargets, unitOf, writeTargets } from './targets.ts';

vi.setConfig({ testTimeout: 30_000 });

function lacking(n: number, region: string, facts: Partial<LackingTarget> = {}): LackingTarget {
  return {
    accountId: AccountId.parse(String(100_000_000_000 + n)),
    region: Region.parse(region),
    hosts: n,
    unit: 'ou-ab12-11111111',
    ...facts,
  };
}

/** Two accounts that lack the same regions, one that lacks another, and the management account. */
const TARGETS = mergeTargets(
  [
    lacking(1, 'us-east-1'),
    lacking(1, 'eu-west-1'),
    lacking(2, 'eu-west-1', { unit: 'ou-ab12-22222222' }),
    lacking(2, 'us-east-1', { unit: 'ou-ab12-22222222' }),
    lacking(3, 'eu-west-1'),
    lacking(9, 'us-east-1', { unit: 'r-ab12' }),
  ],
  [],
);
const SETTINGS: DhmcSettings = {
  targets: TARGETS,
  partition: 'aws',
  homeRegion: 'us-east-1',
  managementAccount: '100000000009',
};

function fileOf(path: string, settings: Partial<DhmcSettings> = {}): string {
  const found = dhmcFiles({ ...SETTINGS, ...settings }).find((file) => file.path === path);
  if (found === undefined) throw new Error(`${path} is not written`);
  return found.content;
}

interface StackSet {
  readonly DependsOn?: string;
  readonly Properties: {
    readonly TemplateBody: string;
    readonly StackInstancesGroup: readonly {
      readonly DeploymentTargets: Record<'OrganizationalUnitIds' | 'Accounts', string[]>;
      readonly Regions: readonly string[];
    }[];
  };
}

function stackSets(settings: Partial<DhmcSettings> = {}): readonly [role: StackSet, setting: StackSet] {
  const { Resources } = parse(fileOf('cloudformation/stackset.yaml', settings)) as {
    readonly Resources: Record<'RoleStackSet' | 'SettingStackSet', StackSet>;
  };
  return [Resources.RoleStackSet, Resources.SettingStackSet];
}

/** `ACCOUNT.REGION` of every stack that a StackSet makes. */
function reached({ Properties }: StackSet): readonly string[] {
  return Properties.StackInstancesGroup.flatMap(({ DeploymentTargets, Regions }) =>
    DeploymentTargets.Accounts.flatMap((id) => Regions.map((region) => `${id}.${region}`)),
  ).toSorted();
}

test('the StackSet reaches exactly the targets that lack it, and the role is there first, once per account', () => {
  const [role, setting] = stackSets();

  expect(reached(setting)).toEqual([
    '100000000001.eu-west-1',
    '100000000001.us-east-1',
    '100000000002.eu-west-1',
    '100000000002.us-east-1',
    '100000000003.eu-west-1',
  ]);
  expect(reached(role)).toEqual([
    '100000000001.us-east-1',
    '100000000002.us-east-1',
    '100000000003.us-east-1',
  ]);
  expect(setting.DependsOn).toBe('RoleStackSet');
  expect(setting.Properties.StackInstancesGroup[0]?.DeploymentTargets.OrganizationalUnitIds).toEqual([
    'ou-ab12-11111111',
    'ou-ab12-22222222',
  ]);
});

test.each(['aws', 'aws-us-gov', 'aws-cn'] as const)(
  "templates hold what AWS's resource specification knows, and both readings of YAML agree: %s",
  async (partition) => {
    const [role, setting] = stackSets({ partition });
    const texts = [
      fileOf('cloudformation/stackset.yaml', { partition }),
      fileOf('cloudformation/role.yaml', { partition }),
      fileOf('cloudformation/setting.yaml', { partition }),
      role.Properties.TemplateBody,
      setting.Properties.TemplateBody,
    ];

    for (const text of texts) {
      expect(await templateFaults(parse(text, { version: '1.1' }))).toEqual([]);
      expect(parse(text, { version: '1.1' })).toEqual(parse(text));
    }
    expect(texts.slice(3)).toEqual(texts.slice(1, 3));
  },
);

test('the role is for Systems Manager alone, with the policy that AWS keeps for it, and nothing is ever taken back', async () => {
  const { Role } = (
    parse(fileOf('cloudformation/role.yaml')) as {
      Resources: { Role: { DeletionPolicy: string; Properties: Record<string, unknown> } };
    }
  ).Resources;
  const { HostManagement } = (
    parse(fileOf('cloudformation/setting.yaml')) as {
      Resources: { HostManagement: { DeletionPolicy: string; Properties: Record<string, unknown> } };
    }
  ).Resources;

  expect(await policyFaults(Role.Properties['AssumeRolePolicyDocument'], 'trust')).toEqual([]);
  expect(Role.Properties).toMatchObject({
    RoleName: 'AWSSystemsManagerDefaultEC2InstanceManagementRole',
    Path: '/service-role/',
    ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSSMManagedEC2InstanceDefaultPolicy'],
    AssumeRolePolicyDocument: { Statement: [{ Principal: { Service: 'ssm.amazonaws.com' } }] },
  });
  expect(HostManagement.Properties).toEqual({
    SettingId: '/ssm/managed-instance/default-ec2-instance-management-role',
    SettingValue: 'service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole',
  });
  expect([Role.DeletionPolicy, HostManagement.DeletionPolicy]).toEqual(['Retain', 'Retain']);
});

interface Hcl {
  readonly locals: readonly { readonly regions: Record<string, string[]> }[];
  readonly resource: {
    readonly aws_ssm_service_setting: {
      readonly host_management: readonly Record<string, unknown>[];
    };
  };
}

test('Terraform switches the same targets on, those that no StackSet reaches as well, and destroys nothing', async () => {
  const hcl = (await parseHcl('main.tf', fileOf('terraform/main.tf'))) as Hcl;

  expect(hcl.locals.find(({ regions }) => regions !== undefined)?.regions).toEqual({
    '100000000001': ['eu-west-1', 'us-east-1'],
    '100000000002': ['eu-west-1', 'us-east-1'],
    '100000000003': ['eu-west-1'],
    '100000000009': ['us-east-1'],
  });
  expect(hcl.resource.aws_ssm_service_setting.host_management[0]).toMatchObject({
    for_each: '${toset(lookup(local.regions, local.account, []))}',
    region: '${each.value}',
    setting_id:
      'arn:aws:ssm:${each.value}:${local.account}:servicesetting/ssm/managed-instance/default-ec2-instance-management-role',
    lifecycle: [{ prevent_destroy: true }],
  });
});

test.skipIf(!isHere('terraform'))(
  'terraform fmt would change nothing (skipped where it is not installed)',
  () => {
    expect(runChecker('terraform', ['fmt', '-check', '-diff', '-'], fileOf('terraform/main.tf'))).toBe('');
  },
);

test('the management account is told of, with its regions; without its name a line asks for it', () => {
  expect(fileOf('README.md')).toContain('- 100000000009: us-east-1');
  expect(fileOf('README.md', { managementAccount: null })).toContain('--management-account ID --force');
});

test('accounts that no organization listed are left to Terraform and to a hand', () => {
  const targets = [lacking(1, 'eu-west-1', { unit: null })];

  const paths = dhmcFiles({ ...SETTINGS, targets }).map(({ path }) => path);

  expect(paths).not.toContain('cloudformation/stackset.yaml');
  expect(fileOf('README.md', { targets })).toContain('- 100000000001: eu-west-1');
});

test('a StackSet for thousands of accounts goes by way of S3', () => {
  const targets = Array.from({ length: 4_000 }, (_, n) => lacking(n, 'eu-west-1'));

  expect(fileOf('README.md', { targets })).toContain('--s3-bucket');
  expect(fileOf('README.md')).not.toContain('--s3-bucket');
});

test('a second run takes nothing away from the first, and what is there already is written the same', () => {
  const first = mergeTargets([lacking(1, 'eu-west-1'), lacking(2, 'eu-west-1')], []);
  const earlier = readTargets(writeTargets(first)) ?? [];

  const second = mergeTargets([lacking(2, 'eu-west-1', { hosts: 7 }), lacking(3, 'eu-west-1')], earlier);

  expect(second.map(({ accountId, hosts }) => [accountId, hosts])).toEqual([
    ['100000000001', null],
    ['100000000002', 7],
    ['100000000003', 3],
  ]);
  expect(mergeTargets([lacking(2, 'eu-west-1', { hosts: 7 }), lacking(3, 'eu-west-1')], second)).toEqual(
    second,
  );
});

test('what is no target, and what is no unit, gets into no file', () => {
  for (const text of ['', '{}', '{"version":1,"targets":[{"accountId":"1"}]}']) {
    expect(readTargets(text)).toBeNull();
  }
  const hostile = writeTargets([lacking(1, 'eu-west-1', { unit: 'ou-ab12"; rm -rf /' })]);
  expect(readTargets(hostile)).toBeNull();
  expect(unitOf(['r-ab12', "ou-ab12'$(id)"])).toBeNull();
  expect(unitOf(['r-ab12', 'ou-ab12-11111111'])).toBe('ou-ab12-11111111');
  expect(unitOf([])).toBeNull();
});
