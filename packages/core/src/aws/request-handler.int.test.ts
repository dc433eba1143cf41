import { Agent, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect, it, onTestFinished } from 'vitest';
import { neverConnected } from './classify-error.ts';

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
