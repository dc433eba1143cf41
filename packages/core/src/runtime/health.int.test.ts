import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { createClock } from './clock.ts';
import { type HealthServer, type Readiness, startHealthServer } from './health.ts';

const clock = createClock();
const open: HealthServer[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

async function start(readiness: () => Promise<Readiness>, hasty = false): Promise<HealthServer> {
  const server = await startHealthServer({
    port: 0,
    metrics: new Registry(),
    clock: hasty ? { ...clock, sleep: (ms, signal) => clock.sleep(ms / 100, signal) } : clock,
    readiness,
  });
  open.push(server);
  return server;
}

test('a process that answers is healthy, and listens on loopback only', async () => {
  const { url } = await start(async () => ({}));

  const response = await fetch(`${url}/healthz`);

  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(response.status).toBe(200);
});

test('ready when every check is well', async () => {
  const { url } = await start(async () => ({ redis: null, config: null }));

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ ready: true, checks: { redis: null, config: null } });
});

test('not ready says what is wrong', async () => {
  const { url } = await start(async () => ({ redis: 'not reachable', config: null }));

  const response = await fetch(`${url}/readyz`);

  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ ready: false, checks: { redis: 'not reachable', config: null } });
});

test('a readiness that fails or hangs is not ready', async () => {
  const failing = await start(() => Promise.reject(new Error('no route')));
  const hanging = await start(() => new Promise(() => undefined), true);

  const [failed, hung] = await Promise.all([fetch(`${failing.url}/readyz`), fetch(`${hanging.url}/readyz`)]);

  expect(failed.status).toBe(503);
  expect(await failed.text()).toContain('no route');
  expect(hung.status).toBe(503);
});

test('metrics are served in the text format, and nothing else is', async () => {
  const { url } = await start(async () => ({}));

  expect((await fetch(`${url}/metrics`)).headers.get('content-type')).toContain('text/plain; version=0.0.4');
  expect((await fetch(`${url}/queues`)).status).toBe(404);
  expect((await fetch(`${url}/healthz`, { method: 'POST' })).status).toBe(405);
});

test('a taken port is an error, not a crash', async () => {
  const { port } = await start(async () => ({}));

  await expect(
    startHealthServer({ port, metrics: new Registry(), clock, readiness: async () => ({}) }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

/** `fetch` sets Host itself, and a browser's own headers cannot be set with it. */
async function statusOf(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  const asked = request(url, { headers: { ...headers } }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.resume();
  return answer.statusCode ?? 0;
}

test.each(['/metrics', '/healthz', '/readyz'])(
  '%s answers under the names of this machine, not under a name that was rebound to it',
  async (path) => {
    const { url, port } = await start(async () => ({}));

    expect(await statusOf(url + path, { host: 'evil.example.com' })).toBe(421);
    expect(await statusOf(url + path, { host: `evil.example.com:${port}` })).toBe(421);
    expect(await statusOf(url + path, { host: `localhost:${port}` })).toBe(200);
    expect(await statusOf(url + path, { host: `127.0.0.1:${port}` })).toBe(200);
  },
);

test('a page of another site gets nothing', async () => {
  const { url } = await start(async () => ({}));

  expect(await statusOf(`${url}/metrics`, { 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await statusOf(`${url}/metrics`, { 'sec-fetch-site': 'none' })).toBe(200);
});
