import { recordingLog } from '@muster/testing/builders';
import { eventually } from '@muster/testing/eventually';
import { type RedisCluster, startRedisCluster } from '@muster/testing/redis-cluster';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createRedisLedger } from '../control/ledger.ts';
import { createClock } from '../runtime/clock.ts';
import { awaitRedis, closeRedis, createRedis, type RedisProfile } from './connection.ts';
import { checkRedisThoroughly } from './server-check.ts';

const clock = createClock();
const PREFIX = 'muster';
const KEY = '{muster}:test';
let cluster: RedisCluster;
const open: Redis[] = [];

beforeAll(async () => {
  cluster = await startRedisCluster({ password: 'pw', replicas: true });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map(closeRedis));
});
afterAll(() => cluster.stop());

function connect(
  url: string,
  { profile = 'patient', prefix = PREFIX }: { profile?: RedisProfile; prefix?: string } = {},
): Redis {
  const redis = createRedis({
    url: new Secret(url),
    prefix,
    profile,
    name: 'muster-test',
    log: recordingLog(),
  });
  open.push(redis);
  return redis;
}

async function ready(url: string, options?: Parameters<typeof connect>[1]): Promise<Redis> {
  const redis = connect(url, options);
  await awaitRedis(redis, clock, 10_000);
  return redis;
}

/** The URL of one node, as an operator would ask it. */
const urlOf = (port: number): string => `redis://:pw@127.0.0.1:${port}`;

function nodeOf(redis: Redis): RedisServer {
  const node = cluster.nodes.find(({ port }) => port === redis.options.port);
  if (node === undefined) throw new Error('the connection leads to none of the nodes');
  return node;
}

const epochOf = (redis: Redis): Promise<string> =>
  createRedisLedger({ redis, prefix: PREFIX, log: recordingLog() }).epochs.current();

test('a connection leads to the server that has the keys of its installation, whichever node was named', async () => {
  const servers = new Set<number | undefined>();
  for (const prefix of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const one = await ready(`redis+cluster://:pw@127.0.0.1:${cluster.nodes[4]?.port}`, { prefix });

    await one.set(`{${prefix}}:test`, '1');

    expect(await one.info('keyspace')).toContain('keys=');
    expect(await one.info('server')).toContain(`tcp_port:${one.options.port}`);
    servers.add(one.options.port);
  }
  // Six prefixes in the slots of three primaries.
  expect(servers.size).toBeGreaterThan(1);
});

test('a node that is fit is not complained of, and remedies name it', async () => {
  const redis = await ready(cluster.url);

  expect(await checkRedisThoroughly(redis, PREFIX)).toMatchObject({
    notes: [{ kind: 'redis-min-replicas' }],
  });

  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await expect(checkRedisThoroughly(redis, PREFIX)).rejects.toMatchObject({
    code: 'config.unsafe',
    message: expect.stringContaining(`redis-cli -h 127.0.0.1 -p ${nodeOf(redis).port}`),
  });
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
});

test('a slot that another node has taken over is found there, and that is another epoch', async () => {
  const redis = await ready(cluster.url);
  await redis.set(KEY, 'kept');
  const [before, epoch] = [nodeOf(redis), await epochOf(redis)];
  const replica = cluster.nodes[(cluster.nodes.indexOf(before) + 3) % 6];
  const operator = await connectTo(replica?.port ?? 0);

  await operator.call('CLUSTER', 'FAILOVER');
  const value = await eventually('the new owner answers', async () => {
    const answer = await redis.get(KEY).catch(() => null);
    return nodeOf(redis).port === replica?.port && answer;
  });

  expect(value).toBe('kept');
  expect(await epochOf(redis)).not.toBe(epoch);
});

/** A plain connection to one node. */
async function connectTo(port: number): Promise<Redis> {
  const redis = connect(urlOf(port));
  await eventually('the node answers', () => redis.ping());
  return redis;
}

test('a killed owner is replaced by its replica: the patient wait for that, others are refused meanwhile', async () => {
  const [patient, hasty] = await Promise.all([
    ready(cluster.url),
    ready(cluster.url, { profile: 'fail-fast' }),
  ]);
  await patient.set(KEY, 'kept');
  // Replication is asynchronous: what is told here is where the connection leads, not what a failover may lose.
  await patient.wait(1, 5_000);
  const before = nodeOf(patient);

  process.kill(before.pid, 'SIGKILL');
  await before.ended;
  const waiting = patient.get(KEY);
  const refusedAt = clock.now();
  await expect(hasty.get(KEY)).rejects.toThrow(/writeable|closed|ECONN/);
  const refusedAfterMs = clock.now() - refusedAt;

  expect(await waiting).toBe('kept');
  expect(refusedAfterMs).toBeLessThan(1_000);
  expect(nodeOf(patient).port).not.toBe(before.port);
  expect(await eventually('the hasty is served again', () => hasty.get(KEY))).toBe('kept');
  await cluster.restart(before);
});

test('a URL that names one server and one that names a Cluster say which of them is meant', async () => {
  const alone = await startRedis();
  const node = cluster.nodes[1]?.port;

  await expect(ready(urlOf(node ?? 0), { profile: 'fail-fast' })).rejects.toMatchObject({
    code: 'config.unsafe',
    message: expect.stringContaining(`redis+cluster://127.0.0.1:${node},HOST:PORT`),
  });
  await expect(
    ready(`redis+cluster://127.0.0.1:${alone.port}`, { profile: 'fail-fast' }),
  ).rejects.toMatchObject({
    code: 'config.unsafe',
    message: expect.stringContaining(`redis://127.0.0.1:${alone.port}`),
  });
  await alone.stop();
});

test('what keeps a connection out of a Cluster is said as of any Redis', async () => {
  const wrong = connect(cluster.url.replace(':pw@', ':no@'), { profile: 'fail-fast' });

  await expect(awaitRedis(wrong, clock, 1_000)).rejects.toThrow('WRONGPASS');

  const nowhere = connect('redis+cluster://127.0.0.1:1,127.0.0.1:2', { profile: 'fail-fast' });

  await expect(awaitRedis(nowhere, clock, 500)).rejects.toThrow(/not reachable.*ECONNREFUSED/);
});
