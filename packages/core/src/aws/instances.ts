import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { DescribeInstanceInformationCommand } from '@aws-sdk/client-ssm';
import type { TargetAccess } from '../install/command.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Instance, InstancesPort, ManagedNode } from '../scan/instance.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import { DESCRIBE_INSTANCES_PAGE, MANAGED_NODES_PAGE } from './limits.ts';
import { createMemberPages, requireList } from './pages.ts';
import type { Read } from './read-call.ts';
import { isHybridNode, readInstance, readManagedNode } from './schema.ts';

type Pages<Item> = AsyncGenerator<readonly Item[]>;

/** EC2 and the SSM inventory of a target. */
export function createInstances(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly read: Read;
  readonly log: Logger | null;
}): InstancesPort {
  const listPages = createMemberPages(deps);

  async function* describeInstances(
    access: TargetAccess,
    filter: Ec2Filter,
    signal: AbortSignal,
  ): Pages<Instance> {
    const action = 'ec2:DescribeInstances';
    const seen = new Set<string>();
    const client = deps.clients.ec2(access.region);
    const input = { Filters: [filter], MaxResults: DESCRIBE_INSTANCES_PAGE };
    const pages = listPages({
      action,
      access,
      region: access.region,
      signal,
      send: (page) => client.send(new DescribeInstancesCommand({ ...input, ...page })),
    });
    for await (const reply of pages) {
      // The SDK reads a 200 that is not EC2's answer (an empty body, a proxy's page) as a success without reservations.
      const reservations = requireList(reply.Reservations, action, 'reservationSet');
      const read = reservations.flatMap((reservation) =>
        (reservation.Instances ?? []).map((instance) => readInstance(reservation, instance)),
      );
      yield keepNew(read, seen, (dropped) => {
        warnDropped(deps.log, access, action, dropped);
      });
    }
  }

  async function* describeNodes(
    access: TargetAccess,
    filters: readonly SsmFilter[],
    signal: AbortSignal,
  ): Pages<ManagedNode> {
    const action = 'ssm:DescribeInstanceInformation';
    const seen = new Set<string>();
    const client = deps.clients.ssm(access.region);
    const input = {
      MaxResults: MANAGED_NODES_PAGE,
      ...(filters.length === 0 ? {} : { Filters: [...filters] }),
    };
    const pages = listPages({
      action,
      access,
      region: access.region,
      signal,
      send: (page) => client.send(new DescribeInstanceInformationCommand({ ...input, ...page })),
    });
    for await (const reply of pages) {
      const nodes = requireList(reply.InstanceInformationList, action, 'InstanceInformationList');
      const ofEc2 = nodes.filter((node) => !isHybridNode(node));
      if (ofEc2.length < nodes.length) tellHybrid(deps.log, access, nodes.length - ofEc2.length);
      yield keepNew<ManagedNode>(ofEc2.map(readManagedNode), seen, (dropped) => {
        warnDropped(deps.log, access, action, dropped);
      });
    }
  }

  /** Filters, not ids: one id that is not here would fail the whole call. */
  async function describeByIds(
    access: TargetAccess,
    instanceIds: readonly InstanceId[],
    signal: AbortSignal,
  ): Promise<readonly Instance[]> {
    return all(describeInstances(access, { Name: 'instance-id', Values: [...instanceIds] }, signal));
  }

  return {
    listInstances: (access, signal) => describeInstances(access, NOT_TERMINATED, signal),
    listManagedNodes: (access, signal) => describeNodes(access, [], signal),

    async describe(access, instanceIds, signal) {
      const instances = await describeByIds(access, instanceIds, signal);
      return new Map(instances.map((instance) => [instance.instanceId, instance]));
    },

    async lookUp(access, instanceIds, signal) {
      const instances = await describeByIds(access, instanceIds, signal);
      if (instances.length === 0) return new Map();
      const known = { Key: 'InstanceIds', Values: instances.map((one) => one.instanceId) };
      const nodes = await all(describeNodes(access, [known], signal));
      return new Map(
        instances.map((instance) => [
          instance.instanceId,
          { instance, node: nodes.find((node) => node.instanceId === instance.instanceId) },
        ]),
      );
    },
  };
}

interface Ec2Filter {
  readonly Name: string;
  readonly Values: string[];
}

interface SsmFilter {
  readonly Key: string;
  readonly Values: string[];
}

const NOT_TERMINATED: Ec2Filter = {
  Name: 'instance-state-name',
  Values: ['pending', 'running', 'stopping', 'stopped'],
};

async function all<Item>(pages: Pages<Item>): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const page of pages) items.push(...page);
  return items;
}

/** Pages may overlap while the target changes, and a restarted listing repeats: each instance is told once. */
function keepNew<Item extends Pick<Instance, 'instanceId'>>(
  items: readonly (Item | null)[],
  seen: Set<string>,
  onDropped: (count: number) => void,
): Item[] {
  const kept: Item[] = [];
  let dropped = 0;
  for (const item of items) {
    if (item === null) {
      dropped += 1;
    } else if (!seen.has(item.instanceId)) {
      seen.add(item.instanceId);
      kept.push(item);
    }
  }
  if (dropped > 0) onDropped(dropped);
  return kept;
}

/** A machine of one's own data center is no EC2 instance: nothing is ever sent to it, and nothing is wrong. */
function tellHybrid(log: Logger | null, { accountId, region }: TargetAccess, hybrid: number): void {
  log?.debug({ accountId, region, hybrid }, 'hybrid nodes were left out');
}

function warnDropped(log: Logger | null, access: TargetAccess, action: string, dropped: number): void {
  const { accountId, region } = access;
  log?.warn({ accountId, region, action, dropped }, 'elements without a readable id were dropped');
}
