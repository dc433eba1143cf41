/** What the simulated `tctl` asks for. Teleport speaks gRPC here; only the output of `tctl` is the real thing. */
import { once } from 'node:events';
import type { Cluster } from '../cluster/cluster.ts';
import type { SimNode } from '../cluster/inventory.ts';
import { nodeFraction } from '../cluster/node-identity.ts';
import { nodeResource } from '../cluster/node-resource.ts';
import { parseResources, RESOURCE_KINDS } from '../cluster/resources.ts';
import type { Faults } from '../faults/faults.ts';
import { type Exchange, readText, sendJson, wait } from './http-exchange.ts';
import { sendJsonArray } from './json-array.ts';

/** Answers a request under `/_sim/tctl/`. Errors are `{error}`, which `tctl` prints. */
export async function answerTctl(cluster: Cluster, exchange: Exchange): Promise<void> {
  const [verb = '', kind = '', ...rest] = exchange.path
    .slice('/_sim/tctl/'.length)
    .split('/')
    .map(decodeURIComponent);
  const name = rest.join('/');
  if (verb === 'status') return sendJson(exchange, 200, clusterStatus(cluster));
  if (verb === 'create' && exchange.method === 'POST') return answerCreate(cluster, exchange);
  if (verb === 'get' && kind === 'node') return answerNodes(cluster, exchange, name);
  if (verb === 'rm' && kind === 'node') return answerRemoveNode(cluster, exchange, name);
  const isOfDiscovery = kind === 'discovery_service' || kind === 'discovery_config' || verb === 'inventory';
  if (exchange.method === 'GET' && isOfDiscovery) {
    const refusal = refusalOfDiscovery(cluster.faults.discovery, verb === 'inventory' ? 'instance' : kind);
    if (refusal !== null) return sendJson(exchange, 403, { error: refusal });
    if (verb === 'inventory') return sendJsonArray(exchange, cluster.discoveryServices.instances(), 'whole');
    if (kind === 'discovery_service') {
      return sendJsonArray(exchange, cluster.discoveryServices.heartbeats(), 'whole');
    }
  }
  const known = (RESOURCE_KINDS as readonly string[]).includes(kind);
  if (!known) return sendJson(exchange, 400, { error: `getting "${kind}" is not supported` });
  if (verb === 'get' && kind === 'token' && cluster.faults.tokens === 'hang') return hang(exchange);
  if (verb === 'get' && kind === 'token' && cluster.faults.tokens === 'denied') {
    return sendJson(exchange, 403, { error: 'access denied to perform action "read" on "token"' });
  }
  if (verb === 'get') return answerResources(cluster, exchange, kind, name);
  if (verb === 'rm' && exchange.method === 'DELETE') {
    if (!cluster.removeResource(kind, name)) {
      return sendJson(exchange, 404, { error: `${kind} "${name}" is not found` });
    }
    return sendJson(exchange, 200, { message: `${kind} "${name}" has been deleted` });
  }
  return sendJson(exchange, 404, { error: `unknown command ${verb}` });
}

function clusterStatus(cluster: Cluster): object {
  return {
    clusterName: cluster.identity.clusterName,
    version: cluster.identity.serverVersion,
    caPin: `sha256:${'0'.repeat(64)}`,
  };
}

async function answerCreate(cluster: Cluster, exchange: Exchange): Promise<void> {
  const text = await readText(exchange);
  if (!text.ok) return sendJson(exchange, 400, { error: text.error });
  const { resources: fault, slowMs } = cluster.faults;
  if (fault === 'hang') return hang(exchange);
  if (fault === 'slow' && !(await wait(exchange, cluster.clock.scaleMs(slowMs)))) return undefined;
  const parsed = parseResources(text.value);
  const messages: string[] = [];
  for (const resource of parsed.resources) {
    const refusal = refusalOf(fault, resource.kind);
    if (refusal !== null) return sendJson(exchange, 403, { error: refusal, messages });
    const answer = cluster.create(resource, exchange.query.get('force') === 'true');
    if ('error' in answer) return sendJson(exchange, 409, { error: answer.error, messages });
    messages.push(answer.message);
  }
  if (parsed.error !== null) return sendJson(exchange, 400, { error: parsed.error, messages });
  return sendJson(exchange, 200, { messages });
}

function refusalOf(fault: Faults['resources'], kind: string): string | null {
  if (fault === 'denied') return `access denied to perform action "create" on "${kind}"`;
  return fault === 'error' ? 'rpc error: code = Unavailable desc = connection error' : null;
}

function answerResources(
  cluster: Cluster,
  exchange: Exchange,
  kind: string,
  name: string,
): Promise<void> | void {
  const found = [...cluster.resources(kind)].filter(
    (resource) => name === '' || resource.metadata.name === name,
  );
  if (name !== '' && found.length === 0) {
    return sendJson(exchange, 404, { error: `${kind} "${name}" is not found` });
  }
  return sendJsonArray(exchange, found, 'whole');
}

async function answerNodes(cluster: Cluster, exchange: Exchange, name: string): Promise<void> {
  const { inventory: fault, slowMs } = cluster.faults;
  if (fault === 'error') {
    return sendJson(exchange, 503, { error: 'rpc error: code = Unavailable desc = connection error' });
  }
  if (fault === 'denied') {
    return sendJson(exchange, 403, { error: 'access denied to perform action "list" on "node"' });
  }
  if (fault === 'hang') return hang(exchange);
  if (fault === 'slow' && !(await wait(exchange, cluster.clock.scaleMs(slowMs)))) return undefined;
  // The simulated tctl prints the lines: they are no part of what Auth answers.
  if (fault === 'outdated' || fault === 'talkative') exchange.response.setHeader('x-sim-tctl', fault);
  if (name !== '') return answerNode(cluster, exchange, name);
  const ending = fault === 'truncated' || fault === 'cut' ? fault : 'whole';
  return sendJsonArray(exchange, shownNodes(cluster), ending);
}

/** The first node whose name or host name it is, as `getServer` looks for it (`tool/tctl/common/resources/server.go`). */
function answerNode(cluster: Cluster, exchange: Exchange, name: string): Promise<void> | void {
  const { inventory, identity } = cluster;
  for (const node of inventory.visible()) {
    const nodeId = inventory.nodeId(node);
    if (nodeId !== name && node.hostname !== name) continue;
    const view = {
      identity,
      nodeId,
      expiryMs: inventory.expiryMs(node),
      givenLabels: cluster.givenLabels(node),
    };
    return sendJsonArray(exchange, [nodeResource(node, view)], 'whole');
  }
  return sendJson(exchange, 404, { error: `node with ID "${name}" not found` });
}

function refusalOfDiscovery(fault: Faults['discovery'], kind: string): string | null {
  if (fault === 'denied') return `access denied to perform action "list" on "${kind}"`;
  if (fault === 'error') return 'rpc error: code = Unavailable desc = connection error';
  return fault === 'old' && kind === 'discovery_service' ? `getting "${kind}" is not supported` : null;
}

/** By its name alone, as `client.DeleteNode` goes (`tool/tctl/common/resources/server.go`). */
async function answerRemoveNode(cluster: Cluster, exchange: Exchange, name: string): Promise<void> {
  const { removals: fault } = cluster.faults;
  if (fault === 'hang') return hang(exchange);
  if (fault === 'error') {
    return sendJson(exchange, 503, { error: 'rpc error: code = Unavailable desc = connection error' });
  }
  if (fault === 'denied') {
    return sendJson(exchange, 403, { error: 'access denied to perform action "delete" on "node"' });
  }
  if (cluster.removeNode(name)) return sendJson(exchange, 200, { message: `node ${name} has been deleted` });
  return sendJson(exchange, 404, { error: `key "/nodes/default/${name}" is not found` });
}

/** Until the client has had enough. */
async function hang(exchange: Exchange): Promise<void> {
  await once(exchange.response, 'close');
}

/** Nodes of hosts that are in no world, one after the other, for ever. */
function* strangers({ identity, inventory, clock }: Cluster): IterableIterator<object> {
  for (let n = 0; ; n += 1) {
    const host = { accountId: '999900009999', instanceId: `i-0${n.toString(16).padStart(16, '0')}` };
    const node: SimNode = {
      ...host,
      region: 'us-east-1',
      hostname: `stranger-${n}`,
      extraLabels: null,
      shape: null,
      joinedAtMs: 0,
      visibleAtMs: 0,
      expiresAtMs: null,
      joins: 1,
    };
    const expiryMs = clock.nowMs() + 600_000;
    yield nodeResource(node, { identity, nodeId: inventory.nodeId(host), expiryMs, givenLabels: null });
  }
}

function* shownNodes(cluster: Cluster): IterableIterator<object> {
  const { inventory: fault } = cluster.faults;
  const { inventory, identity } = cluster;
  if (fault === 'empty') return;
  if (fault === 'endless') yield* strangers(cluster);
  for (const node of inventory.visible()) {
    const nodeId = inventory.nodeId(node);
    if (fault === 'half' && nodeFraction('half', node, 'half') < 0.5) continue;
    const givenLabels = cluster.givenLabels(node);
    yield nodeResource(node, { identity, nodeId, expiryMs: inventory.expiryMs(node), givenLabels });
  }
}
