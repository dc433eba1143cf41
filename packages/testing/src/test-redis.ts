import { documentedRules, makeUser } from './redis-user.ts';
import { startRedisCluster } from './redis-cluster.ts';
import { startWatchedRedis } from './redis-sentinel.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** What a test needs of a Redis that it does not kill. */
export type TestRedis = Pick<RedisServer, 'url' | 'stop'>;

/** By what `MUSTER_TEST_REDIS` says. Of `valkey`, `findRedisBinary` makes every server one. */
const KINDS: Readonly<Record<string, () => Promise<TestRedis>>> = {
  single: () => startRedis({ appendonly: false }),
  valkey: () => startRedis({ appendonly: false }),
  cluster: () => startRedisCluster({ appendonly: false }),
  sentinel: () => startWatchedRedis(),
  acl: startForUser,
};

/**
 * An empty Redis for a test file that needs no more of it than its URL: one server, or by `MUSTER_TEST_REDIS` a Redis Cluster,
 * a primary that Sentinels watch, a Valkey, or a server that lets in a user with the documented rights alone. So the same tests
 * say of all of them what they say of one.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const kind = process.env['MUSTER_TEST_REDIS'] ?? 'single';
  const start = KINDS[kind];
  if (start === undefined) {
    throw new Error(`MUSTER_TEST_REDIS is ${kind}: use one of ${Object.keys(KINDS).join(', ')}`);
  }
  return start();
}

async function startForUser(): Promise<TestRedis> {
  const server = await startRedis({ appendonly: false });
  return { url: await makeUser(server, documentedRules('*')), stop: () => server.stop() };
}
