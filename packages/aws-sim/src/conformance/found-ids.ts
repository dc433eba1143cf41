import { ListRegionsCommand } from '@aws-sdk/client-account';
import { DescribeInstancesCommand, type Instance } from '@aws-sdk/client-ec2';
import {
  DescribeOrganizationCommand,
  ListAccountsCommand,
  ListChildrenCommand,
  ListRootsCommand,
} from '@aws-sdk/client-organizations';
import { DescribeInstanceInformationCommand, ListCommandInvocationsCommand } from '@aws-sdk/client-ssm';
import type { SdkClients } from '../testing/sdk-clients.ts';
import type { ConformanceIds } from './case.ts';

/** What an account and its organization have of what cases ask for; null for what was not found or may not be seen. */
export type FoundIds = { readonly [Id in keyof ConformanceIds]: string | null };

/** Looks for the ids by listings alone. A listing that is refused finds nothing. */
export async function findIds(
  discovery: SdkClients,
  member: SdkClients,
  memberAccountId: string,
): Promise<FoundIds> {
  const { organizations } = discovery;
  const management = await found(async () => {
    const { Organization } = await organizations.send(new DescribeOrganizationCommand({}));
    return Organization?.MasterAccountId;
  });
  const rootId = await found(async () => {
    const { Roots } = await organizations.send(new ListRootsCommand({}));
    return Roots?.[0]?.Id;
  });
  const unitId = await found(async () => {
    if (rootId === null) return undefined;
    const ParentId = rootId;
    const { Children } = await organizations.send(
      new ListChildrenCommand({ ParentId, ChildType: 'ORGANIZATIONAL_UNIT' }),
    );
    return Children?.[0]?.Id;
  });
  const suspended = await found(async () => {
    const { Accounts } = await organizations.send(new ListAccountsCommand({ MaxResults: 20 }));
    return Accounts?.find((account) => account.Status === 'SUSPENDED')?.Id;
  });
  return {
    management,
    member: memberAccountId,
    suspended,
    rootId,
    unitId,
    ...(await findHosts(member)),
    // Nothing of another account is asked for, and a command of several steps cannot be told from the others.
    foreign: null,
    steppedCommandId: null,
  };
}

type HostIds = Pick<
  FoundIds,
  'linux' | 'second' | 'windows' | 'unregistered' | 'stopped' | 'lost' | 'terminated' | 'commandId'
>;

/** A host whose command is known comes first: what a command did on it can be asked for. */
async function findHosts({ ec2, ssm }: SdkClients): Promise<HostIds> {
  const instances = await foundList<Instance>(async () => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ MaxResults: 200 }));
    return Reservations?.flatMap((reservation) => reservation.Instances ?? []);
  });
  const nodes = await foundList(async () => {
    const answer = await ssm.send(new DescribeInstanceInformationCommand({ MaxResults: 50 }));
    return answer.InstanceInformationList;
  });
  const invocations = await foundList(async () => {
    const answer = await ssm.send(new ListCommandInvocationsCommand({ MaxResults: 50 }));
    return answer.CommandInvocations;
  });
  const done = invocations.find(
    (one) => one.Status === 'Success' && one.InstanceId?.startsWith('i-') === true,
  );
  const managed = new Set(nodes.map((node) => node.InstanceId));
  const inState = (name: string): readonly Instance[] => instances.filter((one) => one.State?.Name === name);
  const running = inState('running');
  const linux = done?.InstanceId ?? running.find((one) => one.Platform === undefined)?.InstanceId;
  const idOf = (instance: Instance | undefined): string | null => instance?.InstanceId ?? null;
  return {
    linux: linux ?? null,
    commandId: done?.CommandId ?? null,
    second: idOf(running.find((one) => one.InstanceId !== linux)),
    windows: idOf(running.find((one) => one.Platform === 'Windows')),
    unregistered: idOf(running.find((one) => !managed.has(one.InstanceId))),
    stopped: idOf(inState('stopped')[0]),
    terminated: idOf(inState('terminated')[0]),
    lost: nodes.find((node) => node.PingStatus === 'ConnectionLost')?.InstanceId ?? null,
  };
}

/** A region that is off in the account; null where all are on, or it cannot be seen. */
export async function findClosedRegion({ account }: SdkClients): Promise<string | null> {
  return found(async () => {
    const { Regions } = await account.send(new ListRegionsCommand({ RegionOptStatusContains: ['DISABLED'] }));
    return Regions?.[0]?.RegionName;
  });
}

async function found(look: () => Promise<string | undefined>): Promise<string | null> {
  try {
    return (await look()) ?? null;
  } catch {
    return null;
  }
}

async function foundList<T>(look: () => Promise<readonly T[] | undefined>): Promise<readonly T[]> {
  try {
    return (await look()) ?? [];
  } catch {
    return [];
  }
}
