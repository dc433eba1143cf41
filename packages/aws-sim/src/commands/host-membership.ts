import type { SimClock } from '../clock/sim-clock.ts';
import type { Instance } from '../world/host-states.ts';
import type { InstanceSpec } from '../world/model.ts';
import { findInstance, unitOf, type World } from '../world/world.ts';
import type { HostNetwork, JoinAnswer, JoinRequest } from './host-network.ts';

/** What a host needs to come and go. */
export interface MembershipDeps {
  readonly world: World;
  readonly clock: SimClock;
  readonly network: HostNetwork;
}

/**
 * A host joins, and is remembered as joined when it was let in and is still there. The node of a host that stopped while it
 * was being let in leaves again: stopping found no node to take away.
 */
export async function hostJoin(
  deps: MembershipDeps,
  host: Instance,
  token: string,
  url: string,
): Promise<JoinAnswer> {
  const answer = await deps.network.join(url, joinRequest(deps.world, host, token));
  if (answer.kind !== 'joined') return answer;
  if (findInstance(deps.world, host.id)?.state === 'running') {
    const state = deps.world.hosts.touch(host.id);
    state.installed = true;
    state.joinedAtMs ??= answer.visibleAtMs;
    state.joinToken = token;
  } else {
    await deps.network.leave(host.account.id, host.id);
  }
  return answer;
}

/** The node of a host that was there before the world began, as it is put into the cluster. */
export function earlyNode(world: World, host: InstanceSpec): JoinRequest & NodeForm {
  const request = joinRequest(world, host, world.joinToken);
  if (host.node === undefined) return request;
  const { kind, claims } = host.node;
  const named = claims ?? { accountId: host.account.id, instanceId: host.id };
  const labels = {
    'teleport.dev/account-id': named.accountId,
    'teleport.dev/instance-id': named.instanceId,
  };
  switch (kind) {
    case 'discovered':
      return { ...request, identityLabels: labels };
    case 'by-hand':
      return { ...request, identityLabels: claims === null ? {} : labels };
    case 'agentless':
      return { ...request, identityLabels: labels, subKind: 'openssh-ec2-ice' };
    case 'by-commands':
      return { ...request, identityLabels: {}, dynamicLabels: labels };
    default:
      return kind satisfies never;
  }
}

/** In what a node differs from one that discovery enrolled. */
interface NodeForm {
  readonly identityLabels?: Readonly<Record<string, string>>;
  readonly dynamicLabels?: Readonly<Record<string, string>>;
  readonly subKind?: string;
}

/** The request a host joins with: its own identity, and the two labels Teleport sets. */
export function joinRequest(world: World, host: InstanceSpec, token: string): JoinRequest {
  const organizationalUnits: string[] = [];
  for (let unit = unitOf(world, host.account); unit.parentId !== null; ) {
    organizationalUnits.unshift(unit.id);
    const parent = world.tree.units.get(unit.parentId);
    if (parent === undefined) break;
    unit = parent;
  }
  return {
    token,
    accountId: host.account.id,
    region: host.region,
    instanceId: host.id,
    organizationId: world.organizationId,
    organizationalUnits,
    hostname: host.hostname,
    labels: { 'teleport.dev/account-id': host.account.id, 'teleport.dev/instance-id': host.id },
  };
}
