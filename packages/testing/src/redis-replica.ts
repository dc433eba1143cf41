import { askRedis } from './ask-redis.ts';
import { eventually } from './eventually.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

/** Starts a replica of a server and waits until it has its data. Both have this password. */
export async function startReplica(primary: RedisServer, password: string): Promise<RedisServer> {
  const replica = await startRedis({
    password,
    settings: {
      replicaof: ['127.0.0.1', String(primary.port)],
      masterauth: password,
      'repl-diskless-sync-delay': '0',
    },
  });
  await eventually(
    `the replica at ${replica.port} is in step`,
    async () => {
      const said = await askRedis(replica, `AUTH ${password}\r\nINFO replication\r\nQUIT\r\n`);
      return said.includes('master_link_status:up');
    },
    20_000,
  );
  return replica;
}
