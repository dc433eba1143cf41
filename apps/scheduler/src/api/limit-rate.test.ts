import express from 'express';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitRate } from './limit-rate.ts';

const app = express();
app.use((request, _response, next) => {
  const name = request.get('name') ?? 'ann';
  request.principal = { name, kind: 'user', role: 'viewer', ip: '127.0.0.1' };
  next();
});
app.use(limitRate({ requests: 3, perSeconds: 600 }));
app.get('/', (_request, response) => {
  response.send('here');
});
const server = createServer(app);

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

function ask(name: string): Promise<Response> {
  const { port } = server.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/`, { headers: { name } });
}

test('a principal that asks without a pause is told when to come back, and keeps no other from asking', async () => {
  const answers = [await ask('ann'), await ask('ann'), await ask('ann'), await ask('ann')];

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThan(500);
  expect(await answers[3]?.json()).toMatchObject({ type: '/problems/too-many-requests', status: 429 });
  expect((await ask('bob')).status).toBe(200);
});
