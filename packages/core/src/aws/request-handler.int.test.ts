import { Agent, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect, it, onTestFinished } from 'vitest';
import { createClock } from '../runtime/clock.ts';
import { runInScope, type SigningKeys } from './call-scope.ts';
import { neverConnected } from './classify-error.ts';
import { createAwsClock } from './aws-clock.ts';
import { createScopedHandler, type ScopedHandler } from './request-handler.ts';

function keysOf(accessKeyId: string): SigningKeys {
  return { accessKeyId, secretAccessKey: 'secret', expiresAtMs: null, workedAtMs: null };
}

/** The status of one request, signed with `signedBy`, in the scope of `keys`. */
async function callOnce(
  handler: ScopedHandler,
  port: number,
  { keys = keysOf('AKIAONE'), signedBy = keys.accessKeyId }: { keys?: SigningKeys; signedBy?: string } = {},
): Promise<number> {
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=${signedBy}/20261122/eu-west-1/ec2/aws4_request`,
  };
  const request = { protocol: 'http:', hostname: '127.0.0.1', port, method: 'GET', path: '/', headers };
  const scope = { keys, signal: new AbortController().signal, leaveByMonotonicMs: null, left: false };
  const { response } = await runInScope(scope, () => handler.handle(request as never));
  (response.body as IncomingMessage).resume();
  return response.statusCode;
}

interface CountingServer {
  readonly port: number;
  readonly requests: () => number;
  readonly mostSockets: () => number;
}

/** Answers after `answerMs`; never, when that is null. */
async function startCountingServer(answerMs: number | null): Promise<CountingServer> {
  const open = new Set<unknown>();
  let requests = 0;
  let mostSockets = 0;
  const server = createServer((_, answer) => {
    requests += 1;
    if (answerMs !== null) setTimeout(() => answer.end('ok'), answerMs);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    mostSockets = Math.max(mostSockets, open.size);
    socket.once('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, requests: () => requests, mostSockets: () => mostSockets };
}

it('lets no request leave that was signed with other keys than its own scope has', async () => {
  const server = await startCountingServer(0);
  const handler = createScopedHandler({ clock: createAwsClock(createClock()), maxSockets: 10 });
  onTestFinished(() => handler.destroy());

  const mixed = callOnce(handler, server.port, { keys: keysOf('ASIAONE'), signedBy: 'ASIATWO' });
  const alike = callOnce(handler, server.port, { keys: keysOf('ASIAONE'), signedBy: 'ASIAONEMORE' });

  await expect(mixed).rejects.toMatchObject({ code: 'bug.unknown' });
  await expect(alike).rejects.toMatchObject({ code: 'bug.unknown' });
  expect(server.requests()).toBe(0);
});

it('lets no request leave that has no scope at all', async () => {
  const server = await startCountingServer(0);
  const handler = createScopedHandler({ clock: createAwsClock(createClock()), maxSockets: 10 });
  onTestFinished(() => handler.destroy());

  const call = handler.handle({ headers: {} } as never);

  await expect(call).rejects.toMatchObject({ code: 'bug.unknown' });
  expect(server.requests()).toBe(0);
});

it('opens no more sockets than it may, however many calls there are, and uses them again', async () => {
  const server = await startCountingServer(10);
  const handler = createScopedHandler({ clock: createAwsClock(createClock()), maxSockets: 4 });
  onTestFinished(() => handler.destroy());

  const answers = await Promise.all(Array.from({ length: 60 }, () => callOnce(handler, server.port)));

  expect(new Set(answers)).toEqual(new Set([200]));
  expect(server.requests()).toBe(60);
  expect(server.mostSockets()).toBe(4);
});

it('gives up on a server that takes a request and says nothing', async () => {
  const server = await startCountingServer(null);
  const handler = createScopedHandler({
    clock: createAwsClock(createClock()),
    maxSockets: 10,
    requestTimeoutMs: 50,
  });
  onTestFinished(() => handler.destroy());

  const error: unknown = await callOnce(handler, server.port).catch((reason: unknown) => reason);

  expect(error).toMatchObject({ name: 'TimeoutError' });
  // It may have been taken: only a connection that never came to be says that nothing was.
  expect(neverConnected(error)).toBe(false);
});

it('knows the text by which the SDK says that a connection never came to be', async () => {
  const server = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  // One socket, taken by a request that is never answered: the second request waits for a connection in vain.
  const handler = new NodeHttpHandler({ connectionTimeout: 100, httpAgent: new Agent({ maxSockets: 1 }) });
  onTestFinished(() => {
    handler.destroy();
    server.closeAllConnections();
    server.close();
  });
  const request = { protocol: 'http:', hostname: '127.0.0.1', port, method: 'GET', path: '/', headers: {} };
  const first = handler.handle(request as never).catch((error: unknown) => error);

  const second = await handler.handle(request as never).catch((error: unknown) => error);

  expect(second).toMatchObject({ name: 'TimeoutError' });
  expect(neverConnected(second)).toBe(true);
  server.closeAllConnections();
  expect(neverConnected(await first)).toBe(false);
});
