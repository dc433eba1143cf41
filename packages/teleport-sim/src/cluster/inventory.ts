/**
 * The nodes of the simulated cluster.
 *
 * A host that joins is *unseen* for the visibility delay, then *visible*. While its agent runs, the node resource is
 * kept alive by heartbeats; when the host goes offline it stays listed for the time-to-live and then expires, as in
 * Teleport. The record itself stays, so that a host which comes back has the same node id.
 */
import type { SimClock } from '../clock.ts';
import { type NodeIdentity, nodeFraction, nodeId } from './node-identity.ts';
import type { NodeShape } from './node-shape.ts';

/** A host that joins, or is put into the inventory by a test. */
export interface JoiningHost extends NodeIdentity {
  readonly region: string;
  readonly hostname: string;
  /** Labels beyond the two that every discovered node carries. */
  readonly labels: Readonly<Record<string, string>>;
  /** In what its node differs from one that discovery enrolled; null when in nothing. @default null */
  readonly shape?: NodeShape | null;
}

/** One node, kept small: there may be a million. Times are epoch milliseconds of real time. */
export interface SimNode extends NodeIdentity {
  readonly region: string;
  readonly hostname: string;
  /** Null when the node has only the two labels that every discovered node carries. */
  readonly extraLabels: Readonly<Record<string, string>> | null;
  /** See `JoiningHost`. */
  readonly shape: NodeShape | null;
  readonly joinedAtMs: number;
  /** When the inventory first shows it, counted from the last time it was not shown. */
  readonly visibleAtMs: number;
  /** When the resource expires; null while the agent is online and heartbeats renew it. Never of an agentless node: `Infinity` once its host is off. */
  readonly expiresAtMs: number | null;
  /** How many times this host has joined. */
  readonly joins: number;
}

export interface InventoryOptions {
  readonly clock: SimClock;
  readonly seed: string;
  /** Simulated delay between a join and the node being listed, drawn per host. */
  readonly visibilityDelayMs: { readonly min: number; readonly max: number };
  /** Simulated time a node stays listed after its agent went offline. */
  readonly nodeTtlMs: number;
}

/** How many nodes are in each situation. */
export interface InventoryCounts {
  readonly known: number;
  readonly visible: number;
  /** Joined and not yet listed. */
  readonly unseen: number;
  /** Still listed, but the agent is gone. */
  readonly offline: number;
  readonly expired: number;
}

export class Inventory {
  readonly #options: InventoryOptions;
  /** By account, then by instance id: one string less per node than a joint key. */
  readonly #accounts = new Map<string, Map<string, SimNode>>();
  readonly #regions = new Map<string, string>();

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  /** Records a join; joining again keeps the node id, and a listed node stays listed. */
  join(host: JoiningHost, visible: 'after-delay' | 'at-once' = 'after-delay'): SimNode {
    const { clock, seed, visibilityDelayMs } = this.#options;
    const nowMs = clock.nowMs();
    const known = this.find(host);
    const span = visibilityDelayMs.max - visibilityDelayMs.min;
    const delayMs = visibilityDelayMs.min + span * nodeFraction(seed, host, 'visibility');
    const listedAtMs = visible === 'at-once' ? nowMs : nowMs + clock.scaleMs(delayMs);
    const stays = known !== undefined && !hasExpired(known, nowMs);
    return this.#put({
      accountId: host.accountId,
      instanceId: host.instanceId,
      region: this.#sharedRegion(host.region),
      hostname: host.hostname,
      extraLabels: Object.keys(host.labels).length > 0 ? host.labels : null,
      shape: host.shape ?? null,
      joinedAtMs: nowMs,
      visibleAtMs: stays ? Math.min(known.visibleAtMs, listedAtMs) : listedAtMs,
      expiresAtMs: null,
      joins: (known?.joins ?? 0) + 1,
    });
  }

  /** The node, listed or not; undefined when this host has never joined. */
  find(host: NodeIdentity): SimNode | undefined {
    return this.#accounts.get(host.accountId)?.get(host.instanceId);
  }

  /** The agent stops: the node expires after its time-to-live. Returns undefined when the host has never joined. */
  goOffline(host: NodeIdentity): SimNode | undefined {
    const node = this.find(host);
    if (node === undefined || node.expiresAtMs !== null) return node;
    const { clock, nodeTtlMs } = this.#options;
    // No agent sends heartbeats for it: a node of OpenSSH stays registered when its host is gone.
    const isAgentless = node.shape?.subKind?.startsWith('openssh') === true;
    const expiresAtMs = isAgentless ? Number.POSITIVE_INFINITY : clock.nowMs() + clock.scaleMs(nodeTtlMs);
    return this.#put({ ...node, expiresAtMs });
  }

  /** The agent of a host that had joined runs again. Returns undefined when the host has never joined. */
  goOnline(host: NodeIdentity): SimNode | undefined {
    const node = this.find(host);
    if (node === undefined || node.expiresAtMs === null) return node;
    const nowMs = this.#options.clock.nowMs();
    const visibleAtMs = hasExpired(node, nowMs) ? nowMs : node.visibleAtMs;
    return this.#put({ ...node, visibleAtMs, expiresAtMs: null });
  }

  /** Removes the node and all memory of it. Returns whether there was one. */
  remove(host: NodeIdentity): boolean {
    return this.#accounts.get(host.accountId)?.delete(host.instanceId) ?? false;
  }

  /**
   * `tctl rm node/NAME`. The node of a host that still runs comes back with its agent's next heartbeat, so only the list loses it.
   *
   * @returns the node as it was; undefined when none has this name
   */
  removeByName(name: string): SimNode | undefined {
    for (const node of this.visible()) {
      if (this.nodeId(node) !== name) continue;
      if (node.expiresAtMs === null) this.#put({ ...node, visibleAtMs: this.#heartbeatAtMs() });
      else this.remove(node);
      return node;
    }
    return undefined;
  }

  #heartbeatAtMs(): number {
    const { clock, nodeTtlMs } = this.#options;
    return clock.nowMs() + clock.scaleMs(nodeTtlMs / 2);
  }

  isVisible(node: SimNode): boolean {
    const nowMs = this.#options.clock.nowMs();
    return node.visibleAtMs <= nowMs && !hasExpired(node, nowMs);
  }

  /** When the resource expires as a reader sees it now: an online node was renewed a moment ago. */
  expiryMs(node: SimNode): number {
    const { clock, nodeTtlMs } = this.#options;
    return node.expiresAtMs ?? clock.nowMs() + clock.scaleMs(nodeTtlMs);
  }

  /** The host UUID of a node, the same for ever. */
  nodeId(node: NodeIdentity): string {
    return nodeId(this.#options.seed, node);
  }

  /** Every node ever joined, account by account, without copying. */
  *all(): IterableIterator<SimNode> {
    for (const nodes of this.#accounts.values()) yield* nodes.values();
  }

  /** The nodes a reader is shown now, account by account, without copying. */
  *visible(): IterableIterator<SimNode> {
    for (const node of this.all()) {
      if (this.isVisible(node)) yield node;
    }
  }

  counts(): InventoryCounts {
    const nowMs = this.#options.clock.nowMs();
    let [known, visible, unseen, offline, expired] = [0, 0, 0, 0, 0];
    for (const node of this.all()) {
      known += 1;
      if (hasExpired(node, nowMs)) expired += 1;
      else if (node.visibleAtMs > nowMs) unseen += 1;
      else {
        visible += 1;
        if (node.expiresAtMs !== null) offline += 1;
      }
    }
    return { known, visible, unseen, offline, expired };
  }

  #put(node: SimNode): SimNode {
    const nodes = this.#accounts.get(node.accountId);
    if (nodes === undefined) this.#accounts.set(node.accountId, new Map([[node.instanceId, node]]));
    else nodes.set(node.instanceId, node);
    return node;
  }

  #sharedRegion(region: string): string {
    const shared = this.#regions.get(region);
    if (shared === undefined) this.#regions.set(region, region);
    return shared ?? region;
  }
}

function hasExpired(node: SimNode, nowMs: number): boolean {
  return node.expiresAtMs !== null && node.expiresAtMs <= nowMs;
}
