import { setTimeout as sleep } from 'node:timers/promises';
import { ListChildrenCommand, ListRootsCommand } from '@aws-sdk/client-organizations';
import { ListCommandInvocationsCommand, SendCommandCommand, type SSMClient } from '@aws-sdk/client-ssm';
import type { AwsSim } from '../start.ts';
import { memberClients, type SdkClients, sdkClients } from '../testing/sdk-clients.ts';
import type { ConformanceIds } from './case.ts';
import { ACCOUNTS } from './conformance-world.ts';

/** Sends the two commands that cases read, waits for their end, and gives the ids of everything. */
export async function conformanceIds(sim: AwsSim): Promise<ConformanceIds> {
  const { organizations } = sdkClients(sim);
  const { Roots } = await organizations.send(new ListRootsCommand({}));
  const rootId = Roots?.[0]?.Id ?? '';
  const workloads = await firstUnit(organizations, rootId);
  const { ssm } = await memberClients(sim, ACCOUNTS.member);
  return {
    management: ACCOUNTS.management,
    member: ACCOUNTS.member,
    suspended: ACCOUNTS.suspended,
    linux: 'i-00000000000000001',
    second: 'i-00000000000000002',
    windows: 'i-00000000000000003',
    unregistered: 'i-00000000000000004',
    stopped: 'i-00000000000000005',
    lost: 'i-00000000000000006',
    terminated: 'i-00000000000000007',
    foreign: 'i-00000000000000008',
    rootId,
    unitId: await firstUnit(organizations, workloads),
    commandId: await finishedCommand(ssm, 'AWS-RunShellScript', { commands: ['true'] }),
    steppedCommandId: await finishedCommand(ssm, 'TeleportDiscoveryInstaller', { token: ['t'] }),
  };
}

async function firstUnit(organizations: SdkClients['organizations'], ParentId: string): Promise<string> {
  const { Children } = await organizations.send(
    new ListChildrenCommand({ ParentId, ChildType: 'ORGANIZATIONAL_UNIT' }),
  );
  return Children?.[0]?.Id ?? '';
}

async function finishedCommand(
  ssm: SSMClient,
  DocumentName: string,
  Parameters: Record<string, string[]>,
): Promise<string> {
  const InstanceIds = ['i-00000000000000001'];
  const { Command } = await ssm.send(new SendCommandCommand({ DocumentName, InstanceIds, Parameters }));
  const CommandId = Command?.CommandId ?? '';
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const { CommandInvocations } = await ssm.send(new ListCommandInvocationsCommand({ CommandId }));
    if (CommandInvocations?.[0]?.Status === 'Success') return CommandId;
    await sleep(PAUSE_MS);
  }
  throw new Error(`${DocumentName} did not end on ${InstanceIds.join()}`);
}

const PAUSE_MS = 20;
const MOST_TRIES = 500;
