import type { RedisSettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { documentedRules, makeUser } from './redis-user.ts';
import { startRedisCluster } from './redis-cluster.ts';
import { startWatchedRedis } from './redis-sentinel.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import { readTls, startTlsRedis, type TlsFiles } from './redis-tls.ts';

/** Where a Redis is. */
export interface ReachableRedis extends Pick<RedisServer, 'url'> {
  /** Of a server that speaks TLS. */
  readonly tlsFiles?: TlsFiles;
}

/** What a test needs of a Redis that it does not kill. */
export interface TestRedis extends ReachableRedis, Pick<RedisServer, 'stop'> {}

/** By what `MUSTER_TEST_REDIS` says. Of `valkey`, `findRedisBinary` makes every server one. */
const KINDS: Readonly<Record<string, () => Promise<TestRedis>>> = {
  single: () => startRedis({ appendonly: false }),
  valkey: () => startRedis({ appendonly: false }),
  cluster: () => startRedisCluster({ appendonly: false }),
  sentinel: () => startWatchedRedis(),
  acl: startForUser,
  tls: () => startTlsRedis({ appendonly: false }),
};

/** Whether a test may act as Redis's operator on its own connection (`KEYS`, `FLUSHALL`, `CONFIG`, `ACL`): not as the user with the documented rights. */
export const IS_OPERATOR = process.env['MUSTER_TEST_REDIS'] !== 'acl';

function chosenKind(): string {
  const kind = process.env['MUSTER_TEST_REDIS'] ?? 'single';
  if (Object.hasOwn(KINDS, kind)) return kind;
  throw new Error(`MUSTER_TEST_REDIS is ${kind}: use one of ${Object.keys(KINDS).join(', ')}`);
}

/**
 * An empty Redis for a test file that needs no more of it than `settingsOf`: one server, or by `MUSTER_TEST_REDIS` a Redis
 * Cluster, a primary that Sentinels watch, a Valkey, a server that lets in a user with the documented rights alone, or one that
 * speaks TLS and asks for a certificate. So the same tests say of all of them what they say of one.
 */
export async function startTestRedis(): Promise<TestRedis> {
  const start = KINDS[chosenKind()] ?? startForUser;
  return start();
}

/** What a system of real processes uses instead of its one server, by the same choice; null where that is the choice. */
export async function startChosenRedis(password: string): Promise<TestRedis | null> {
  const kind = chosenKind();
  if (kind === 'cluster') return startRedisCluster({ password, replicas: true });
  if (kind === 'tls') return startTlsRedis({ password });
  if (kind === 'acl') return startForUser();
  return kind === 'sentinel' ? startWatchedRedis({ password }) : null;
}

/** How a connection reaches it. */
export function settingsOf({ url, tlsFiles }: ReachableRedis): Pick<RedisSettings, 'url' | 'tls'> {
  return { url: new Secret(url), ...(tlsFiles === undefined ? {} : { tls: readTls(tlsFiles) }) };
}

async function startForUser(): Promise<TestRedis> {
  const server = await startRedis({ appendonly: false });
  return { url: await makeUser(server, documentedRules('*')), stop: () => server.stop() };
}
