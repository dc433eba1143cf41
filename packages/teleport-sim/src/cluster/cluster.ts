/** The simulated cluster: everything it knows, and the rules of joining. No HTTP here. */
import type { SimClock } from '../clock.ts';
import { changeFaults, type Faults } from '../faults/faults.ts';
import type { ClusterIdentity } from './cluster-identity.ts';
import { DiscoveryServices } from './discovery-services.ts';
import { DEFAULT_INSTALLER, DEFAULT_INSTALLER_TEMPLATE } from './installers.ts';
import type { Inventory, JoiningHost, SimNode } from './inventory.ts';
import { type JoinAttempt, JOIN_REFUSALS, type JoinToken, refuseJoin } from './join-tokens.ts';
import type { NodeIdentity } from './node-identity.ts';
import { joinTokenOf, type Resource, tokenResource } from './resources.ts';
import { completeServerInfo, GivenLabels, type Labels, labelsOf, serverInfoName } from './server-info.ts';

/** A host that joins with a token. */
export type JoinRequest = JoiningHost & JoinAttempt;

type JoinAnswer =
  | { readonly ok: true; readonly node: SimNode }
  | { readonly ok: false; readonly error: string };

export interface ClusterOptions {
  readonly identity: ClusterIdentity;
  readonly clock: SimClock;
  readonly inventory: Inventory;
  readonly tokens: readonly JoinToken[];
  /** Custom installers by name; one named `default-installer` replaces the default. */
  readonly installers: Readonly<Record<string, string>>;
  readonly faults: Faults;
}

export class Cluster {
  readonly identity: ClusterIdentity;
  readonly clock: SimClock;
  readonly inventory: Inventory;
  readonly discoveryServices: DiscoveryServices;
  readonly #tokens = new Map<string, JoinToken>();
  readonly #installers = new Map<string, string>([[DEFAULT_INSTALLER, DEFAULT_INSTALLER_TEMPLATE]]);
  readonly #resources = new Map<string, Resource>();
  readonly #givenLabels = new GivenLabels();
  readonly #refusals = new Map<string, number>();
  #joins = 0;
  #removals = 0;
  #removalsOfRunning = 0;
  #faults: Faults;

  constructor(options: ClusterOptions) {
    this.identity = options.identity;
    this.clock = options.clock;
    this.inventory = options.inventory;
    this.discoveryServices = new DiscoveryServices(options.clock);
    this.#faults = options.faults;
    for (const token of options.tokens) this.#tokens.set(token.name, token);
    for (const [name, script] of Object.entries(options.installers)) this.#installers.set(name, script);
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** Lays a change over the current faults; returns what is wrong with it, or null. */
  changeFaults(change: unknown): string | null {
    const parsed = changeFaults(this.#faults, change);
    if (!parsed.ok) return parsed.error;
    this.#faults = parsed.faults;
    return null;
  }

  join(request: JoinRequest): JoinAnswer {
    const denied = this.#faults.join === 'denied' ? JOIN_REFUSALS.noRule : null;
    const error = denied ?? refuseJoin(this.#tokens.get(request.token), request, this.clock);
    if (error !== null) {
      this.#refusals.set(error, (this.#refusals.get(error) ?? 0) + 1);
      return { ok: false, error };
    }
    this.#joins += 1;
    this.#givenLabels.forget(request);
    return { ok: true, node: this.inventory.join(request) };
  }

  /** Joins accepted, and refused by reason. */
  joinCounts(): { readonly accepted: number; readonly refused: Readonly<Record<string, number>> } {
    return { accepted: this.#joins, refused: Object.fromEntries(this.#refusals) };
  }

  /** `tctl rm node/NAME`, counted. Returns whether there was such a node. */
  removeNode(name: string): boolean {
    const node = this.inventory.removeByName(name);
    if (node === undefined) return false;
    this.#removals += 1;
    if (node.expiresAtMs === null) this.#removalsOfRunning += 1;
    return true;
  }

  /** Nodes removed by `tctl rm`, and those among them whose hosts still ran: that is to be 0. */
  removalCounts(): { readonly nodes: number; readonly ofRunningHosts: number } {
    return { nodes: this.#removals, ofRunningHosts: this.#removalsOfRunning };
  }

  /** The template of an installer; undefined when there is none of this name. */
  installer(name: string): string | undefined {
    return this.#installers.get(name);
  }

  setToken(token: JoinToken): void {
    this.#tokens.set(token.name, token);
  }

  removeToken(name: string): boolean {
    return this.#tokens.delete(name);
  }

  tokens(): readonly JoinToken[] {
    return [...this.#tokens.values()];
  }

  /**
   * Puts a resource into the cluster and makes it work. Returns what `tctl create` prints, or the error.
   * Tokens and installers are replaced without `force`, as `tctl create` does.
   */
  create(resource: Resource, force: boolean): { readonly message: string } | { readonly error: string } {
    const { kind, metadata } = resource;
    const key = `${kind}/${metadata.name}`;
    const before = this.#resources.get(key);
    const exists = before !== undefined && !this.#hasExpired(before);
    const replaces = kind === 'token' || kind === 'installer';
    if (exists && !force && !replaces) {
      return { error: `${spokenKind(kind)} "${metadata.name}" already exists` };
    }
    this.#resources.set(key, kind === 'server_info' ? completeServerInfo(resource) : resource);
    if (kind === 'server_info') this.#giveLabels(key);
    if (kind === 'token') this.setToken(joinTokenOf(resource));
    const script = resource.spec['script'];
    if (kind === 'installer') this.#installers.set(metadata.name, typeof script === 'string' ? script : '');
    return { message: createdMessage(resource, exists) };
  }

  /** Removes a created resource. Returns whether there was one. */
  removeResource(kind: string, name: string): boolean {
    if (kind === 'token') this.removeToken(name);
    if (kind === 'installer') this.#installers.delete(name);
    return this.#resources.delete(`${kind}/${name}`);
  }

  /** The resources of one kind that have not expired, in order of creation; tokens that were there from the start first. */
  *resources(kind: string): IterableIterator<Resource> {
    for (const token of kind === 'token' ? this.tokens() : []) {
      if (!this.#resources.has(`token/${token.name}`)) yield tokenResource(token);
    }
    for (const resource of this.#resources.values()) {
      if (resource.kind === kind && !this.#hasExpired(resource)) yield resource;
    }
  }

  /**
   * The labels that `server_info` resources have given to the host's agent; null when there are none. Auth tells agents
   * every ten minutes in truth, at once here. What it does not do here either: take labels back when a resource vanishes.
   */
  givenLabels(host: NodeIdentity): Labels | null {
    this.#giveLabels(`server_info/${serverInfoName(host)}`);
    return this.#givenLabels.of(host);
  }

  #giveLabels(key: string): void {
    const resource = this.#resources.get(key);
    if (resource === undefined) return;
    if (this.#hasExpired(resource)) this.#resources.delete(key);
    else this.#givenLabels.give(resource.metadata.name, labelsOf(resource));
  }

  #hasExpired(resource: Resource): boolean {
    const { expires } = resource.metadata;
    return expires !== undefined && Date.parse(expires) <= this.clock.nowMs();
  }
}

/** The words of `tool/tctl/common/resources`: each kind has its own. */
function createdMessage({ kind, metadata }: Resource, existed: boolean): string {
  const name = `"${metadata.name}"`;
  if (kind === 'token') return `provision_token ${name} has been created`;
  if (kind === 'installer') return `installer ${name} has been set`;
  if (kind === 'server_info') return `Server info ${name} has been ${existed ? 'updated' : 'created'}`;
  return `${spokenKind(kind)} ${name} has been ${existed ? 'updated' : 'created'}`;
}

function spokenKind(kind: string): string {
  return kind.replaceAll('_', ' ');
}
