/** `/_sim/…`: the levers and gauges of the simulator. None of it exists in Teleport, and no fault touches it. */
import type { Cluster } from '../cluster/cluster.ts';
import type { SimNode } from '../cluster/inventory.ts';
import type { JoinToken } from '../cluster/join-tokens.ts';
import { readNodeShape } from '../cluster/node-shape.ts';
import { isRecord } from '../cluster/record.ts';
import { NO_FAULTS } from '../faults/faults.ts';
import { type Exchange, readJson, sendJson } from './http-exchange.ts';
import { parseJoin } from './join-routes.ts';

const NODE_PATH = /^\/_sim\/nodes\/(\d{12})\/([^/]+)$/;
const TOKEN_PATH = /^\/_sim\/tokens\/([^/]+)$/;
const SERVICE_PATH = /^\/_sim\/discovery-services\/([^/]+)$/;
const DEFAULT_NODE_LIMIT = 1_000;

/** Answers a request under `/_sim/` that is neither a join nor from `tctl`. */
export async function answerControl(cluster: Cluster, exchange: Exchange): Promise<void> {
  const { path, method } = exchange;
  const [, accountId, instanceId] = NODE_PATH.exec(path) ?? [];
  const token = TOKEN_PATH.exec(path)?.[1];
  if (path === '/_sim/health') return sendJson(exchange, 200, health(cluster));
  if (path === '/_sim/faults') return answerFaults(cluster, exchange);
  if (path === '/_sim/nodes' && method === 'GET') {
    return sendJson(exchange, 200, nodeList(cluster, exchange.query));
  }
  if (path === '/_sim/nodes' && method === 'POST') return answerAddNodes(cluster, exchange);
  if (path === '/_sim/tokens' && method === 'GET') {
    return sendJson(exchange, 200, { tokens: cluster.tokens() });
  }
  if (path === '/_sim/tokens' && method === 'POST') return answerSetToken(cluster, exchange);
  if (path === '/_sim/discovery-services' && method === 'POST') {
    const body = await readJson(exchange);
    const error = body.ok ? cluster.discoveryServices.start(body.value) : body.error;
    return error === null ? sendJson(exchange, 200, {}) : sendJson(exchange, 400, { error });
  }
  const service = SERVICE_PATH.exec(path)?.[1];
  if (service !== undefined && method === 'DELETE') {
    return sendJson(exchange, cluster.discoveryServices.end(decodeURIComponent(service)) ? 200 : 404, {});
  }
  if (token !== undefined && method === 'DELETE') {
    const existed = cluster.removeToken(decodeURIComponent(token));
    return sendJson(exchange, existed ? 200 : 404, { removed: existed });
  }
  if (accountId !== undefined && instanceId !== undefined) {
    return answerNode(cluster, exchange, { accountId, instanceId: decodeURIComponent(instanceId) });
  }
  return sendJson(exchange, 404, { error: `${method} ${path} is unknown` });
}

function health(cluster: Cluster): object {
  return {
    ok: true,
    clusterName: cluster.identity.clusterName,
    nodes: cluster.inventory.counts(),
    joins: cluster.joinCounts(),
    removals: cluster.removalCounts(),
    faults: cluster.faults,
  };
}

async function answerFaults(cluster: Cluster, exchange: Exchange): Promise<void> {
  if (exchange.method === 'DELETE') cluster.changeFaults(NO_FAULTS);
  if (exchange.method === 'POST') {
    const body = await readJson(exchange);
    const error = body.ok ? cluster.changeFaults(body.value) : body.error;
    if (error !== null) return sendJson(exchange, 400, { error });
  }
  return sendJson(exchange, 200, cluster.faults);
}

/** `GET`, `DELETE` (goes offline; `?at-once=true` forgets it) and `POST` (comes back online) of one host's node. */
function answerNode(
  cluster: Cluster,
  exchange: Exchange,
  host: { readonly accountId: string; readonly instanceId: string },
): void {
  const { inventory } = cluster;
  if (exchange.method === 'DELETE' && exchange.query.get('at-once') === 'true') {
    return sendJson(exchange, inventory.remove(host) ? 200 : 404, {});
  }
  const acted = { DELETE: () => inventory.goOffline(host), POST: () => inventory.goOnline(host) }[
    exchange.method
  ];
  const node = (acted ?? (() => inventory.find(host)))();
  if (node === undefined) return sendJson(exchange, 404, { error: 'this host has never joined' });
  return sendJson(exchange, 200, nodeView(cluster, node));
}

function nodeList(cluster: Cluster, query: URLSearchParams): object {
  const limit = Number(query.get('limit') ?? DEFAULT_NODE_LIMIT);
  const [account, region, visible] = [query.get('account'), query.get('region'), query.get('visible')];
  const nodes: object[] = [];
  let matching = 0;
  for (const node of cluster.inventory.all()) {
    if (account !== null && node.accountId !== account) continue;
    if (region !== null && node.region !== region) continue;
    if (visible !== null && String(cluster.inventory.isVisible(node)) !== visible) continue;
    matching += 1;
    if (nodes.length < limit) nodes.push(nodeView(cluster, node));
  }
  return { ...cluster.inventory.counts(), matching, nodes };
}

function nodeView(cluster: Cluster, node: SimNode): object {
  return {
    accountId: node.accountId,
    instanceId: node.instanceId,
    region: node.region,
    hostname: node.hostname,
    nodeId: cluster.inventory.nodeId(node),
    labels: node.extraLabels ?? {},
    visible: cluster.inventory.isVisible(node),
    online: node.expiresAtMs === null,
    joins: node.joins,
    joinedAt: new Date(node.joinedAtMs).toISOString(),
    visibleAt: new Date(node.visibleAtMs).toISOString(),
    expiresAt:
      node.expiresAtMs === null || !Number.isFinite(node.expiresAtMs)
        ? null
        : new Date(node.expiresAtMs).toISOString(),
  };
}

/** `{nodes: [{accountId, instanceId, region?, hostname?, labels?, …}]}` and what of `NodeShape` is given: hosts that had joined before the story begins. */
async function answerAddNodes(cluster: Cluster, exchange: Exchange): Promise<void> {
  const body = await readJson(exchange);
  const nodes = body.ok && isRecord(body.value) ? body.value['nodes'] : undefined;
  if (!Array.isArray(nodes)) return sendJson(exchange, 400, { error: 'the body must be {nodes: [...]}' });
  const hosts = nodes.map((node: unknown) => parseJoin(isRecord(node) ? { ...node, token: 'none' } : node));
  const fault = hosts.find((host) => typeof host === 'string');
  if (fault !== undefined) return sendJson(exchange, 400, { error: fault });
  for (const [index, host] of hosts.entries()) {
    const shape = readNodeShape(nodes[index]);
    if (typeof host !== 'string') cluster.inventory.join({ ...host, shape }, 'at-once');
  }
  return sendJson(exchange, 200, { added: hosts.length });
}

async function answerSetToken(cluster: Cluster, exchange: Exchange): Promise<void> {
  const body = await readJson(exchange);
  const token = body.ok && isRecord(body.value) ? body.value : {};
  if (typeof token['name'] !== 'string' || !Array.isArray(token['allow'])) {
    return sendJson(exchange, 400, { error: 'a token is {name, allow: [...], method?, expiresAtMs?}' });
  }
  cluster.setToken(token as unknown as JoinToken);
  return sendJson(exchange, 200, { name: token['name'] });
}
