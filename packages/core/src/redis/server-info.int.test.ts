import { startRedis } from '@muster/testing/redis-server';
import { expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createLogger } from '../runtime/logger.ts';
import { countClients } from './server-info.ts';
import { closeRedis, createRedis } from './connection.ts';

test('connections are counted by their whole name, and a Redis that does not tell is unknown', async () => {
  const server = await startRedis();
  const log = createLogger({ name: 'test', level: 'silent' });
  const names = ['muster-worker', 'muster-worker', 'muster-worker-producer'];
  const clients = names.map((name) =>
    createRedis({ url: new Secret(server.url), prefix: 'test', profile: 'patient', name, log }),
  );
  await Promise.all(clients.map((client) => client.ping()));
  const [asking] = clients;
  if (asking === undefined) throw new Error('no connection');

  expect(await countClients(asking, 'muster-worker')).toBe(2);
  expect(await countClients(asking, 'muster-scheduler')).toBe(0);
  await asking.call('ACL', 'SETUSER', 'default', '-client');
  expect(await countClients(asking, 'muster-worker')).toBeNull();

  await Promise.all(clients.map(closeRedis));
  await server.stop();
});
