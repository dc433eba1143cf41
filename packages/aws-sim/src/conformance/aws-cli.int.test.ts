import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { KNOWN_APIS } from '../server/operations.ts';
import { type AwsSim, startAwsSim } from '../start.ts';
import { type CliAnswer, findAwsCli, runAwsCli } from '../testing/aws-cli.ts';
import { DISCOVERY_KEYS, type Keys } from '../testing/sdk-clients.ts';
import { ACCOUNTS, CONFORMANCE_WORLD } from './conformance-world.ts';

/**
 * The AWS CLI is written in Python on botocore and shares no code with the JavaScript SDK: what both understand is the
 * protocol and not a habit of one of them. Runs where the CLI is installed (Debian package awscli).
 */
const cli = findAwsCli();
const HOST = 'i-00000000000000001';
const SETTING = '/ssm/managed-instance/default-ec2-instance-management-role';

let sim: AwsSim;
let member: Keys;

beforeAll(async () => {
  sim = await startAwsSim({ world: CONFORMANCE_WORLD, speed: 200 });
});

afterAll(async () => {
  await sim.close();
});

/** Operations that the CLI was run for, as `service:Operation`. */
const driven = new Set<string>();
/** Operations of the Account service that the Debian package is too old to know. */
const unknownToCli = new Set<string>();

function aws(command: string, keys: Keys = DISCOVERY_KEYS): Promise<CliAnswer> {
  if (cli === null) throw new Error('no AWS CLI');
  const [service, operation = ''] = command.split(' ');
  driven.add(`${service}:${operation.replaceAll(/(^|-)./gu, (part) => part.replace('-', '').toUpperCase())}`);
  return runAwsCli(cli, sim, command.split(' '), keys);
}

test.runIf(cli === null)(
  'the AWS CLI is not installed here: its tests are skipped (apt-get install awscli)',
  () => {
    expect(findAwsCli()).toBeNull();
  },
);

describe.runIf(cli !== null)('the AWS CLI as the discovery principal', () => {
  test.each<[string, object]>([
    ['sts get-caller-identity', { Account: ACCOUNTS.management }],
    ['organizations describe-organization', { Organization: { MasterAccountId: ACCOUNTS.management } }],
    ['organizations list-roots', { Roots: [{ Name: 'Root' }] }],
    ['organizations list-accounts', { Accounts: { length: 10 } }],
    [
      `organizations describe-account --account-id ${ACCOUNTS.member}`,
      { Account: { Name: 'member <&> "quoted"' } },
    ],
    [`organizations list-parents --child-id ${ACCOUNTS.management}`, { Parents: [{ Type: 'ROOT' }] }],
    [
      `organizations list-tags-for-resource --resource-id ${ACCOUNTS.member}`,
      { Tags: [{ Key: 'cost-center', Value: '1 & 2' }, { Key: 'owner' }] },
    ],
    ['organizations list-delegated-administrators', { DelegatedAdministrators: [] }],
  ])('%s', async (command, output) => {
    const answer = await aws(command);

    expect(answer).toMatchObject({ exitCode: 0, output });
  });

  test('walks the tree', async () => {
    const { rootId } = sim.world.tree;

    const units = await aws(`organizations list-organizational-units-for-parent --parent-id ${rootId}`);
    const children = await aws(
      `organizations list-children --parent-id ${rootId} --child-type ORGANIZATIONAL_UNIT`,
    );
    const accounts = await aws(`organizations list-accounts-for-parent --parent-id ${rootId}`);

    expect(units.output).toMatchObject({
      OrganizationalUnits: [{ Name: 'Workloads' }, { Name: 'Suspended' }],
    });
    const { OrganizationalUnits } = units.output as { OrganizationalUnits: { Id: string }[] };
    const unitId = OrganizationalUnits[0]?.Id ?? '';
    const unit = await aws(`organizations describe-organizational-unit --organizational-unit-id ${unitId}`);
    expect(unit.output).toMatchObject({ OrganizationalUnit: { Id: unitId, Name: 'Workloads' } });
    expect(children.output).toMatchObject({ Children: { length: 2 } });
    expect(accounts.output).toMatchObject({ Accounts: [{ Id: ACCOUNTS.management }] });
  });

  test.each([
    ['wrong secret', 'sts get-caller-identity', 'SignatureDoesNotMatch'],
    ['wrong secret', 'organizations list-roots', 'InvalidSignatureException'],
    ['wrong secret', 'ec2 describe-regions', 'AuthFailure'],
  ])('%s: %s gives %s', async (_name, command, code) => {
    const answer = await aws(command, { ...DISCOVERY_KEYS, secretAccessKey: 'another' });

    expect(answer.exitCode).not.toBe(0);
    expect(answer.error).toContain(`(${code})`);
  });

  test('a role that does not trust is refused', async () => {
    const answer = await aws(
      `sts assume-role --role-arn arn:aws:iam::${ACCOUNTS.denied}:role/any --role-session-name cli`,
    );

    expect(answer.error).toMatch(/\(AccessDenied\).*is not authorized to perform: sts:AssumeRole/u);
  });
});

describe.runIf(cli !== null)('the AWS CLI in a member account', () => {
  beforeAll(async () => {
    const answer = await aws(
      `sts assume-role --role-arn arn:aws:iam::${ACCOUNTS.member}:role/any --role-session-name cli`,
    );
    const { Credentials } = answer.output as { Credentials: Record<string, string> };
    member = {
      accessKeyId: Credentials['AccessKeyId'] ?? '',
      secretAccessKey: Credentials['SecretAccessKey'] ?? '',
      sessionToken: Credentials['SessionToken'] ?? '',
    };
  });

  test.each<[string, object]>([
    ['ec2 describe-regions', { Regions: { length: 3 } }],
    [
      `ec2 describe-instances --instance-ids ${HOST}`,
      { Reservations: [{ Instances: [{ InstanceId: HOST, State: { Name: 'running' } }] }] },
    ],
    ['ec2 describe-instances --page-size 5 --query Reservations[].Instances[]', { length: 7 }],
    ['ssm describe-instance-information --page-size 5', { InstanceInformationList: { length: 4 } }],
    ['ssm describe-document --name AWS-RunShellScript', { Document: { Owner: 'Amazon' } }],
    ['ssm get-document --name TeleportDiscoveryInstaller', { DocumentFormat: 'YAML' }],
    [`ssm get-service-setting --setting-id ${SETTING}`, { ServiceSetting: { SettingValue: '$None' } }],
  ])('%s', async (command, output) => {
    const answer = await aws(command, member);

    expect(answer).toMatchObject({ exitCode: 0, output });
  });

  test('sends a command and waits for it with the waiter of the CLI', async () => {
    const sent = await aws(
      `ssm send-command --document-name AWS-RunShellScript --instance-ids ${HOST} --parameters commands=true --comment cli`,
      member,
    );
    const { Command } = sent.output as { Command: { CommandId: string; Status: string } };
    const id = Command.CommandId;

    const waited = await aws(`ssm wait command-executed --command-id ${id} --instance-id ${HOST}`, member);
    const invocations = await aws(`ssm list-command-invocations --command-id ${id} --details`, member);
    const invocation = await aws(
      `ssm get-command-invocation --command-id ${id} --instance-id ${HOST}`,
      member,
    );
    const commands = await aws(`ssm list-commands --command-id ${id}`, member);
    const canceled = await aws(`ssm cancel-command --command-id ${id}`, member);

    expect([Command.Status, waited.exitCode, canceled.exitCode]).toEqual(['Pending', 0, 0]);
    expect(invocations.output).toMatchObject({
      CommandInvocations: [
        { StatusDetails: 'Success', Comment: 'cli', CommandPlugins: [{ Name: 'aws:runShellScript' }] },
      ],
    });
    expect(invocation.output).toMatchObject({ Status: 'Success', ResponseCode: 0 });
    expect(commands.output).toMatchObject({ Commands: [{ CommandId: id, CompletedCount: 1 }] });
  });

  test('changes a service setting and takes the change back', async () => {
    const updated = await aws(
      `ssm update-service-setting --setting-id ${SETTING} --setting-value service-role/Managed`,
      member,
    );
    const reset = await aws(`ssm reset-service-setting --setting-id ${SETTING}`, member);

    expect([updated.exitCode, reset.exitCode]).toEqual([0, 0]);
    expect(reset.output).toMatchObject({ ServiceSetting: { SettingValue: '$None' } });
  });

  test('creates a document', async () => {
    const content = JSON.stringify({
      schemaVersion: '2.2',
      mainSteps: [{ name: 'a', action: 'aws:runShellScript', inputs: { runCommand: ['true'] } }],
    });

    const answer = await aws(
      `ssm create-document --name FromCli --document-type Command --content ${content}`,
      member,
    );

    expect(answer).toMatchObject({ exitCode: 0, output: { DocumentDescription: { Name: 'FromCli' } } });
  });

  test.each([
    [
      'ssm send-command --document-name AWS-RunShellScript --instance-ids i-00000000000000004 --parameters commands=true',
      'InvalidInstanceId',
    ],
    ['ec2 describe-instances --instance-ids i-0123456789abcdef0', 'InvalidInstanceID.NotFound'],
    ['ec2 describe-instances --filters Name=color,Values=red', 'InvalidParameterValue'],
    ['organizations list-accounts', 'AccessDeniedException'],
  ])('%s gives %s', async (command, code) => {
    const answer = await aws(command, member);

    expect(answer.error).toContain(`(${code})`);
  });

  test.each<[string, string, object]>([
    [
      'account:ListRegions',
      'account list-regions --region-opt-status-contains ENABLED ENABLED_BY_DEFAULT',
      { Regions: { length: 3 } },
    ],
    [
      'account:GetRegionOptStatus',
      'account get-region-opt-status --region-name eu-west-1',
      { RegionOptStatus: 'ENABLED_BY_DEFAULT' },
    ],
  ])('%s, where the CLI knows it', async (api, command, output) => {
    const answer = await aws(command, member);

    // Older versions of the CLI say so themselves: that is what is seen then.
    if (answer.error.includes('Invalid choice')) unknownToCli.add(api);
    expect(unknownToCli.has(api) ? output : answer.output).toMatchObject(output);
  });
});

test.runIf(cli !== null)('the CLI was run for every operation there is', () => {
  const waiter = 'ssm:Wait';
  expect([...driven].filter((api) => api !== waiter).sort()).toEqual([...KNOWN_APIS].sort());
  expect([...unknownToCli].every((api) => api.startsWith('account:'))).toBe(true);
});
