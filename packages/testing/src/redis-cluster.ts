import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis } from './ask-redis.ts';
import { eventually } from './eventually.ts';
import { freePort, type RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts';
import type { TestAuthority } from './redis-tls.ts';

/** How the nodes start. */
export interface RedisClusterOptions extends Pick<RedisServerOptions, 'password' | 'appendonly'> {
  /** Whether each of the three primaries has a replica. @default false */
  readonly replicas?: boolean;
  /** A primary that is away this long is replaced by its replica. @default 1,000 */
  readonly nodeTimeoutMs?: number;
  /** Nodes speak TLS by it, also to each other; it stays the caller's. @default none of them does */
  readonly authority?: TestAuthority;
}

/** A running Redis Cluster. */
export interface RedisCluster {
  /** `redis+cluster://127.0.0.1:PORT,…`, with the password when there is one. */
  readonly url: string;
  /** Three primaries, a third of the slots each, then their replicas in the same order. */
  readonly nodes: readonly RedisServer[];
  /** Starts a node that has ended again, at its port and with its data. */
  restart(node: RedisServer): Promise<void>;
  stop(): Promise<void>;
}

const PRIMARIES = 3;
const SLOTS = 16_384;
/** A node's second port is this much further. */
const BUS_OFFSET = 10_000;
const HIGHEST_PORT = 65_535;
const NODE_TIMEOUT_MS = 1_000;
const UP_WITHIN_MS = 20_000;

interface Member {
  readonly id: string;
  readonly port: number;
  readonly dir: string;
}

/**
 * Starts the nodes of a cluster on loopback and waits until they have found each other: two seconds, Redis's own wait. They
 * begin with a `nodes.conf` that says who they are, so that nothing has to be negotiated. They die with this process, as
 * `startRedis` says.
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'muster-redis-cluster-'));
  const members: Member[] = [];
  const count = options.replicas === true ? 2 * PRIMARIES : PRIMARIES;
  for (let n = 0; n < count; n += 1) {
    const port = await freeNodePort(members.map((member) => member.port));
    const dir = join(folder, String(port));
    mkdirSync(dir);
    members.push({ id: randomBytes(20).toString('hex'), port, dir });
  }
  for (const member of members) writeFileSync(join(member.dir, 'nodes.conf'), nodesFile(members, member));
  const start = ({ port, dir }: Member): Promise<RedisServer> =>
    startRedis({ ...nodeOptions(port, options), port, dir });
  const nodes = await Promise.all(members.map(start));
  await Promise.all(nodes.map(({ port }) => isUp(port, options)));
  const credentials = options.password ? `:${options.password}@` : '';
  return {
    url: `${options.authority === undefined ? 'redis' : 'rediss'}+cluster://${credentials}${members.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes,
    restart: async (node) => {
      const index = nodes.findIndex(({ port }) => port === node.port);
      const member = members[index];
      if (member === undefined) throw new Error('no node of this cluster');
      nodes[index] = await start(member);
    },
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function nodeOptions(
  port: number,
  { password = null, appendonly, nodeTimeoutMs = NODE_TIMEOUT_MS, authority }: RedisClusterOptions,
): RedisServerOptions {
  return {
    password,
    ...(appendonly === undefined ? {} : { appendonly }),
    settings: {
      'cluster-enabled': 'yes',
      'cluster-node-timeout': String(nodeTimeoutMs),
      'repl-diskless-sync-delay': '0',
      ...(password === null ? {} : { masterauth: password }),
      ...(authority === undefined ? {} : { ...authority.settings(port), 'tls-cluster': 'yes' }),
    },
  };
}

/** What a node knows of all, in the format of `CLUSTER NODES`: https://redis.io/docs/latest/commands/cluster-nodes/ (read 2026-11). */
function nodesFile(members: readonly Member[], own: Member): string {
  const lines = members.map((member, index) => {
    const first = Math.ceil((SLOTS * index) / PRIMARIES);
    const last = Math.ceil((SLOTS * (index + 1)) / PRIMARIES) - 1;
    const primary = members[index - PRIMARIES];
    const role = primary === undefined ? 'master -' : `slave ${primary.id}`;
    const slots = primary === undefined ? ` ${first}-${last}` : '';
    const place = `127.0.0.1:${member.port}@${member.port + BUS_OFFSET}`;
    const epoch = (index % PRIMARIES) + 1;
    return `${member.id} ${place} ${member === own ? 'myself,' : ''}${role} 0 0 ${epoch} connected${slots}\n`;
  });
  return `${lines.join('')}vars currentEpoch ${PRIMARIES} lastVoteEpoch 0\n`;
}

async function freeNodePort(taken: readonly number[]): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + BUS_OFFSET <= HIGHEST_PORT && !taken.includes(port)) return port;
  }
}

/** A replica counts when it has its primary's data: before, it would not take its place. */
async function isUp(port: number, { password = null, authority }: RedisClusterOptions): Promise<void> {
  const auth = password === null ? '' : `AUTH ${password}\r\n`;
  await eventually(
    `the node at ${port} says that the cluster is up`,
    async () => {
      const said = await askRedis(
        { port, tlsFiles: authority?.tlsFiles },
        `${auth}CLUSTER INFO\r\nINFO replication\r\nQUIT\r\n`,
      );
      return said.includes('cluster_state:ok') && !said.includes('master_link_status:down');
    },
    UP_WITHIN_MS,
  );
}
