import { createServer, type Server, type Socket, type AddressInfo } from 'node:net';
import { type RedisServer, startRedis } from '@muster/testing/redis-server';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { gatherWrites } from './gather-writes.ts';

let server: RedisServer;
const open: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
});
afterEach(() => {
  for (const close of open.splice(0)) close();
});
afterAll(() => server.stop());

function connect(url: string): Redis {
  const redis = new Redis(url, { lazyConnect: true });
  gatherWrites(redis);
  open.push(() => redis.disconnect());
  return redis;
}

test('commands of one turn are answered in their order, texts and bytes mixed', async () => {
  const redis = connect(server.url);
  await redis.connect();
  const bytes = Buffer.from([0, 255, 13, 10, 200]);

  const replies = await Promise.all([
    redis.set('text', 'wörd\r\n'),
    redis.get('text'),
    redis.set('bytes', bytes),
    redis.getBuffer('bytes'),
    redis.incr('count'),
    redis.incr('count'),
  ]);

  expect(replies).toEqual(['OK', 'wörd\r\n', 'OK', bytes, 1, 2]);
});

test('commands of one turn reach the socket as one write', async () => {
  const { url, chunks } = await startCounter();
  const redis = connect(url);
  await redis.connect();
  await redis.ping();
  const before = chunks.length;

  await Promise.all(Array.from({ length: 50 }, () => redis.ping()));

  expect(chunks.length - before).toBe(1);
});

test('what was gathered while the connection broke is not lost', async () => {
  const redis = connect(server.url);
  await redis.connect();
  await redis.del('survives');

  const counting = redis.incr('survives');
  redis.stream.destroy();

  expect(await counting).toBe(1);
  expect(await redis.get('survives')).toBe('1');
});

/** A server that answers every PING, and says what arrived at once. */
async function startCounter(): Promise<{ readonly url: string; readonly chunks: readonly number[] }> {
  const chunks: number[] = [];
  const sockets = new Set<Socket>();
  const counter: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (data) => {
      const commands = data.toString().match(/\r\n(?:ping|info|client|hello|select)\r\n/gi)?.length ?? 0;
      chunks.push(commands);
      socket.write('+PONG\r\n'.repeat(commands));
    });
  });
  await new Promise<void>((resolve) => {
    counter.listen(0, '127.0.0.1', resolve);
  });
  open.push(() => {
    for (const socket of sockets) socket.destroy();
    counter.close();
  });
  return { url: `redis://127.0.0.1:${(counter.address() as AddressInfo).port}`, chunks };
}
