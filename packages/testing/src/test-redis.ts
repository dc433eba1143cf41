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

/** Whether a test may act as Redis's operator on its own connection (`KEYS`, `FLUSHALL`, `CONFIG`, `ACL`): not as the user with the documented rights. */
export const IS_OPERATOR = process.env['MUSTER_TEST_REDIS'] !== 'acl';

function chosenKind(): string {
  const kind = process.env['MUSTER_TEST_REDIS'] ?? 'single';
  if (Object.hasOwn(KINDS, kind)) return kind;
  throw new Error(`MUSTER_TEST_REDIS is ${kind}: use one of ${Object.keys(KINDS).join(', ')}`);
}

/**
 * An empty Redis for a test file that needs no more of it than its URL: one server, or by `MUSTER_TEST_REDIS` a Redis Cluster,
 * a primary that Sentinels watch, a Valkey, or a server that lets in a user with the documented rights alone. So the same tests
 * say of all of them what they say of one.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const start = KINDS[chosenKind()] ?? startForUser;
  return start();
}

/** What a system of real processes uses instead of its one server, by the same choice; null where that is the choice. */
export async function startReplicatedRedis(password: string): Promise<TestRedis | null> {
  const kind = chosenKind();
  if (kind === 'cluster') return startRedisCluster({ password, replicas: true });
  return kind === 'sentinel' ? startWatchedRedis({ password }) : null;
}

async function startForUser(): Promise<TestRedis> {
  const server = await startRedis({ appendonly: false });
  return { url: await makeUser(server, documentedRules('*')), stop: () => server.stop() };
}
