import { ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { ListAccountsCommand } from '@aws-sdk/client-organizations';
import {
  DescribeInstanceInformationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
} from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { afterEach, expect, test } from 'vitest';
import { type AwsSim, type AwsSimOptions, startAwsSim } from './start.ts';
import { memberClients, sdkClients } from './testing/sdk-clients.ts';

const sims: AwsSim[] = [];

async function start(options: AwsSimOptions): Promise<AwsSim> {
  const sim = await startAwsSim(options);
  sims.push(sim);
  return sim;
}

afterEach(async () => {
  await Promise.all(sims.splice(0).map((sim) => sim.close()));
});

test('a clean organization is read and installed from end to end', async () => {
  const sim = await start({
    accounts: 5,
    regions: 3,
    instances: 60,
    seed: 7,
    scenario: 'clean',
    speed: 1_000,
  });
  const discovery = sdkClients(sim);
  const { Account } = await discovery.sts.send(new GetCallerIdentityCommand({}));
  const { Accounts = [] } = await discovery.organizations.send(new ListAccountsCommand({}));
  let seen = 0;
  let commands = 0;

  for (const account of Accounts) {
    const home = await memberClients(sim, account.Id ?? '');
    const { Regions = [] } = await home.account.send(
      new ListRegionsCommand({ RegionOptStatusContains: ['ENABLED', 'ENABLED_BY_DEFAULT'] }),
    );
    for (const { RegionName = '' } of Regions) {
      const { ec2, ssm } = await memberClients(sim, account.Id ?? '', RegionName);
      const { Reservations = [] } = await ec2.send(
        new DescribeInstancesCommand({ Filters: [{ Name: 'tag:env', Values: ['prod'] }], MaxResults: 1000 }),
      );
      const ids = Reservations.flatMap((r) => r.Instances ?? []).map((i) => i.InstanceId ?? '');
      seen += ids.length;
      if (ids.length === 0) continue;
      const nodes = await ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 50 }));
      expect(nodes.InstanceInformationList?.map((node) => node.InstanceId)).toEqual(ids);
      const { Command } = await ssm.send(
        new SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: ids,
          Parameters: { commands: ['curl https://p/webapi/scripts/installer/x | bash -s t'] },
          TimeoutSeconds: 60,
          MaxErrors: '100%',
        }),
      );
      commands += 1;
      await expect
        .poll(
          async () => {
            const page = await ssm.send(new ListCommandInvocationsCommand({ CommandId: Command?.CommandId }));
            return page.CommandInvocations?.filter((i) => i.StatusDetails === 'Success').length;
          },
          { timeout: 10_000 },
        )
        .toBe(ids.length);
    }
  }

  expect(Account).toBe(sim.managementAccountId);
  expect(seen).toBe(60);
  expect(sim.report()).toMatchObject({
    accounts: 5,
    targets: 15,
    instances: 60,
    readableInstances: 60,
    joined: 60,
    installs: { perInstance: { 1: 60 }, whileLive: 0, afterJoined: 0 },
    commands: { sent: commands, terminal: commands, live: 0 },
  });
});
