import { createServer, get } from 'node:http';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listen, type Listening } from './listen.ts';

async function startServer(port = 0): Promise<Listening> {
  const server = createServer((_, response) => response.end('here'));
  const listening = await listen(server, port, '127.0.0.1');
  onTestFinished(() => listening.close());
  return listening;
}

function ask(port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
}

test('every connection reaches the same server, whichever socket takes it in', async () => {
  const { port } = await startServer();

  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(port)));

  expect(new Set(answers)).toEqual(new Set([200]));
});

test('a port that is taken is refused, also by a second simulator', async () => {
  const { port } = await startServer();

  await expect(startServer(port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test('closing ends every connection, and the port is free again', async () => {
  const first = await startServer();
  const idle = connect(first.port, '127.0.0.1');
  const ended = new Promise((resolve) => idle.on('close', resolve));
  await new Promise((resolve) => idle.on('connect', resolve));
  await ask(first.port);

  await first.close();
  await ended;

  expect((await startServer(first.port)).port).toBe(first.port);
});
