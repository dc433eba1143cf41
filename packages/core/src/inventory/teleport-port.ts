import { z } from 'zod';
import type { InstallerAnswer, JoinToken } from '../reports/doctor/teleport-checks.ts';
import type { AccountId, InstanceId } from '../organization/ids.ts';
import type { DiscoveryReading } from '../rollout/other-discovery.ts';
import type { NodeLabels } from './node-labels.ts';

/** What `/webapi/find` says about the cluster. */
export interface ClusterFacts {
  readonly clusterName: string;
  readonly serverVersion: string;
  /** Host and port that agents reach, as the proxy advertises it; null when it advertises none. */
  readonly publicProxyAddr: string | null;
  readonly managedUpdates: ManagedUpdates;
}

/**
 * What the proxy says of managed updates, which `install.suffix` and `install.update_group` need: agents are to be
 * updated; it names a version and holds updates back just now (outside its window, or with the rollout suspended or not
 * made); it names none.
 */
export type ManagedUpdates = 'on' | 'held' | 'off';

/** A node of the inventory that belongs to an EC2 instance, by its labels or by its cloud metadata; others are not ours to know. */
export interface TeleportNode {
  readonly nodeId: string;
  readonly accountId: AccountId;
  readonly instanceId: InstanceId;
  /** Epoch milliseconds after which the node counts as offline; null when it does not expire. */
  readonly expiresAtMs: number | null;
}

/**
 * A node's name that may stand in an argument of `tctl`: `node/NAME`. The UUID of a host, or the name of an agentless node. The
 * name of a node is text that a host may have chosen: another alphabet could be read as a flag, or as another resource.
 */
export const NodeName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/)
  .brand<'NodeName'>();
export type NodeName = z.infer<typeof NodeName>;

/** One node as it is in Teleport now. */
export interface FoundNode extends TeleportNode {
  /** Whether it bears both labels by which Teleport's discovery knows a host; false: only its cloud metadata names the instance. */
  readonly isLabeled: boolean;
}

/** What a node is to be labeled with. */
export interface NodeLabelsUntil {
  readonly accountId: AccountId;
  readonly instanceId: InstanceId;
  /** All of its labels of this kind: those that are missing here are taken back. */
  readonly labels: NodeLabels;
  /** Epoch milliseconds; after this Teleport forgets them. */
  readonly untilMs: number;
}

/** What one of a node's statements about its host says; null where it names nothing. */
export interface NodeClaim {
  readonly by: 'labels' | 'dynamic labels' | 'cloud metadata';
  readonly accountId: AccountId | null;
  readonly instanceId: InstanceId | null;
}

/** A node that an operator should hear of. `expiresAtMs` is as in `TeleportNode`. */
export type OddNode =
  /** It is an instance's by its cloud metadata and lacks the labels that discovery sets: a host that was joined by hand. */
  | ({ readonly kind: 'unlabeled' } & TeleportNode)
  /** Its statements name different hosts, so it belongs to none. */
  | {
      readonly kind: 'contradicting';
      readonly nodeId: string;
      readonly expiresAtMs: number | null;
      readonly says: readonly NodeClaim[];
    }
  /** Its resource is larger than any node's, so it was not read. */
  | { readonly kind: 'oversize' };

/** The Teleport cluster. Errors: `teleport.unavailable`, `teleport.denied`, `teleport.invalid`. */
export interface TeleportPort {
  describeCluster(signal: AbortSignal): Promise<ClusterFacts>;
  /** What the proxy at `proxy` (host, host and port) answers when a host asks for this installer. Throws `teleport.unavailable` when nothing answers. */
  fetchInstaller(proxy: string, scriptName: string, signal: AbortSignal): Promise<InstallerAnswer>;
  /** The join token of this name; null when there is none. Throws `teleport.denied` where the identity may not read tokens. */
  findToken(name: string, signal: AbortSignal): Promise<JoinToken | null>;
  /** Streams the whole node inventory; odd nodes are told besides. Ends without throwing only when it was read completely. */
  listNodes(signal: AbortSignal, onOdd?: (node: OddNode) => void): AsyncIterable<TeleportNode>;
  /** Teleport's own Discovery Services and their resources, as far as the identity may see them. */
  readDiscovery(signal: AbortSignal): Promise<DiscoveryReading>;
  /** The node of this name; null when there is none, or when it is no instance's beyond doubt. */
  findNode(nodeId: NodeName, signal: AbortSignal): Promise<FoundNode | null>;
  /** Removes the node from Teleport; one that is not there any more is no error. Throws `teleport.denied` without the verb `delete`. */
  removeNode(nodeId: NodeName, signal: AbortSignal): Promise<void>;
  /** Labels nodes, all of them or an unknown part when it throws; doing it again harms nothing. */
  putLabels(nodes: readonly NodeLabelsUntil[], signal: AbortSignal): Promise<void>;
}
