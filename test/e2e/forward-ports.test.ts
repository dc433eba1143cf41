/** What publishes the console in docker-compose.yml, as a process of its own. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { eventually } from '@muster/testing/eventually';
import { superviseProcess, type SupervisedProcess } from '@muster/testing/supervised-process';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ENTRY = fileURLToPath(new URL('../../scripts/image/forward-ports.js', import.meta.url));
let folder: string;
let servers: Server[];
let running: SupervisedProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'muster-forward-'));
  servers = [];
  running = [];
});
afterEach(async () => {
  for (const process of running) process.signal('SIGKILL');
  await Promise.all(running.map((process) => process.ended));
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

async function listening(onConnection: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const port = await listening(() => {});
  const server = servers.pop();
  server?.close();
  return port;
}

function start(...args: readonly string[]): SupervisedProcess {
  const process = superviseProcess({
    name: 'forward-ports',
    entry: ENTRY,
    args,
    env: {},
    logFile: join(folder, `${running.length}.log`),
  });
  running.push(process);
  return process;
}

async function connected(port: number): Promise<Socket> {
  let socket: Socket | null = null;
  await eventually('it listens', async () => {
    const tried = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const isOpen = await once(tried, 'connect').then(
      () => true,
      () => false,
    );
    if (isOpen) socket = tried;
    return isOpen;
  });
  if (socket === null) throw new Error('not connected');
  return socket;
}

test('what is sent arrives, and what is answered after the sender has ended its half', async () => {
  const target = await listening((socket) => {
    void text(socket).then((heard) => socket.end(`heard ${heard}`));
  });
  const port = await freePort();
  start(`${port}=127.0.0.1:${target}`);

  const socket = await connected(port);
  socket.end('a question');

  expect(await text(socket)).toBe('heard a question');
});

test('a connection is closed when there is nothing behind it, and the next one is handed on', async () => {
  const [port, gone] = [await freePort(), await freePort()];
  const forwarder = start(`${port}=127.0.0.1:${gone}`);

  const refused = await connected(port);
  refused.resume();
  await once(refused, 'end');
  refused.destroy();

  expect(forwarder.isRunning()).toBe(true);
});

test('it ends on SIGTERM at once, with connections open', async () => {
  const target = await listening((socket) => socket.resume());
  const port = await freePort();
  const forwarder = start(`${port}=127.0.0.1:${target}`);
  const socket = await connected(port);
  socket.on('error', () => {});

  forwarder.signal('SIGTERM');

  expect(await forwarder.ended).toEqual({ code: 0, signal: null });
});

test('what it does not understand it refuses', async () => {
  const forwarder = start('8080:scheduler:8080');

  expect(await forwarder.ended).toEqual({ code: 64, signal: null });
  expect(forwarder.log()).toContain('must be PORT=HOST:PORT');
});
