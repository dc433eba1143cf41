import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askRedis } from './ask-redis.ts';
import { eventually } from './eventually.ts';
import { findRedisBinary, freePort, type RedisServer, startRedis } from './redis-server.ts';
import type { TestAuthority } from './redis-tls.ts';

/** How the servers start. */
export interface WatchedRedisOptions {
  /** Of the Redis servers. */
  readonly password?: string | null;
  /** Of the Sentinels. */
  readonly sentinelPassword?: string | null;
  /** A primary that is away this long is replaced by its replica. @default 1,000 */
  readonly downAfterMs?: number;
  /** Servers and Sentinels speak TLS by it; it stays the caller's. @default none of them does */
  readonly authority?: TestAuthority;
}

/** A primary and its replica, watched by three Sentinels. */
export interface WatchedRedis {
  /** `redis+sentinel://127.0.0.1:PORT,…/NAME`, with the password of Redis when there is one. */
  readonly url: string;
  /** The first primary, and its replica. */
  readonly servers: readonly [RedisServer, RedisServer];
  readonly sentinels: readonly { readonly port: number; readonly pid: number; end(): Promise<void> }[];
  stop(): Promise<void>;
}

const NAME = 'main';
const SENTINELS = 3;
const DOWN_AFTER_MS = 1_000;
const UP_WITHIN_MS = 20_000;

/**
 * Starts two servers and three Sentinels on loopback and waits until these know each other and the replica. They die with
 * this process, as `startRedis` says; the Sentinels when it stops them, or with their standard input.
 */
export async function startWatchedRedis(options: WatchedRedisOptions = {}): Promise<WatchedRedis> {
  const { password = null, sentinelPassword = null, authority } = options;
  const folder = mkdtempSync(join(tmpdir(), 'muster-redis-sentinel-'));
  const settings = {
    'repl-diskless-sync-delay': '0',
    ...(password === null ? {} : { masterauth: password }),
  };
  const start = async (more: Readonly<Record<string, string>>): Promise<RedisServer> => {
    if (authority === undefined) return startRedis({ password, settings: { ...settings, ...more } });
    const port = await freePort();
    return startRedis({ port, password, settings: { ...settings, ...authority.settings(port), ...more } });
  };
  const primary = await start({});
  const replica = await start({ replicaof: `127.0.0.1 ${primary.port}` });
  const sentinels: Awaited<ReturnType<typeof startSentinel>>[] = [];
  for (let n = 0; n < SENTINELS; n += 1) {
    sentinels.push(await startSentinel(folder, primary.port, options));
  }
  const auth = sentinelPassword === null ? '' : `AUTH ${sentinelPassword}\r\n`;
  for (const { port } of sentinels) {
    await eventually(
      `the Sentinel at ${port} knows the others and the replica`,
      async () => {
        const said = await askRedis(
          { port, tlsFiles: authority?.tlsFiles },
          `${auth}INFO sentinel\r\n`,
          /sentinels=\d+\r\n/,
        );
        return /status=ok,.*slaves=1,sentinels=3/.test(said);
      },
      UP_WITHIN_MS,
    );
  }
  const credentials = password === null ? '' : `:${password}@`;
  return {
    url: `${authority === undefined ? 'redis' : 'rediss'}+sentinel://${credentials}${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`,
    servers: [primary, replica],
    sentinels,
    stop: async () => {
      await Promise.all(sentinels.map(({ end }) => end()));
      await Promise.all([primary.stop(), replica.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startSentinel(
  folder: string,
  primaryPort: number,
  { password = null, sentinelPassword = null, downAfterMs = DOWN_AFTER_MS, authority }: WatchedRedisOptions,
): Promise<{ readonly port: number; readonly pid: number; readonly end: () => Promise<void> }> {
  const binary = findRedisBinary();
  if (binary === null) throw new Error('neither redis-server nor valkey-server is on the PATH');
  const port = await freePort();
  const dir = join(folder, String(port));
  mkdirSync(dir);
  const file = join(dir, 'sentinel.conf');
  const lines = [
    ...Object.entries(authority?.settings(port) ?? { port }).map(([name, value]) => `${name} ${value}`),
    'bind 127.0.0.1',
    `dir ${dir}`,
    ...(sentinelPassword === null ? [] : [`requirepass ${sentinelPassword}`]),
    `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} 2`,
    `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
    `sentinel failover-timeout ${NAME} 5000`,
    ...(password === null ? [] : [`sentinel auth-pass ${NAME} ${password}`]),
    ...(sentinelPassword === null ? [] : [`sentinel sentinel-pass ${sentinelPassword}`]),
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  // The shell ends it when this process is gone, however that ended: then the pipe closes.
  const server: ChildProcess = spawn(
    'sh',
    ['-c', '"$0" "$1" --sentinel & pid=$!; while read -r line; do :; done; kill -9 $pid', binary, file],
    { stdio: ['pipe', 'ignore', 'ignore'], detached: true },
  );
  server.unref();
  return {
    port,
    pid: server.pid ?? 0,
    end: async () => {
      server.stdin?.end();
      if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
    },
  };
}
