import express from 'express';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import type { FindingRow } from '@muster/api/findings';
import type { Role } from '@muster/core/control/access/role';
import { createClock } from '@muster/core/runtime/clock';
import { recordingLog } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import type { Ledger } from '@muster/core/control/ledger';
import { readSnapshot } from '../http/snapshot.ts';
import type { ReadModel } from '../read-model/read-model.ts';
import { createApi } from './api-app.ts';
import { API_ROUTES } from './routes.ts';

const bench = useLedgerBench();
const open: Server[] = [];
afterEach(async () => {
  await Promise.all(
    open.splice(0).map(
      (server) =>
        new Promise((resolve) => {
          server.close(resolve);
          server.closeAllConnections();
        }),
    ),
  );
});

/** The API as a visitor with a role sees it. */
async function serve(ledger: Ledger, role: Role): Promise<string> {
  const clock = createClock();
  const config = parsedSystemConfig(OFFLINE_FACTS, {});
  const app = express();
  app.use((request, _response, next) => {
    request.principal = { name: 'ann', kind: 'user', role, ip: '127.0.0.1' };
    next();
  });
  app.use(
    createApi(API_ROUTES, {
      config: () => config,
      ledger,
      readSnapshot: async () => ({
        value: await readSnapshot(ledger, clock.now(), config),
        readAtMs: clock.now(),
        error: null,
      }),
      takenUpAtMs: () => null,
      readServerInfo: () => Promise.resolve(new Map()),
      // No route of mutes asks it.
      readModel: {} as ReadModel,
      countQueues: () => Promise.reject(new Error('no route of mutes counts them')),
      whyNotReady: () => Promise.resolve(null),
      redact: <T>(value: T) => value,
      clock,
      log: recordingLog(),
    }),
  );
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => {
      resolve(listening);
    });
  });
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function send(url: string, body: unknown, method = 'POST'): Promise<Response> {
  const text = body === null ? null : JSON.stringify(body);
  return fetch(url, { method, body: text, headers: { 'content-type': 'application/json' } });
}

function inHours(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}

async function raise(ledger: Ledger): Promise<void> {
  await ledger.control.raise({ kind: 'config-skew', scope: 'all', sinceMs: 1, message: 'm', remedy: 'r' });
}

test('an operator mutes a finding that stands, which the list then shows as muted, and ends the mute', async () => {
  const { ledger } = bench.create();
  await raise(ledger);
  const url = await serve(ledger, 'operator');
  const until = inHours(1);

  const muted = await send(`${url}/findings/config-skew@all/mute`, { reason: 'known', until });
  expect([muted.status, (await muted.json()) as FindingRow]).toMatchObject([
    200,
    { id: 'config-skew@all', severity: 'warn', muted: { by: 'ann', reason: 'known', until } },
  ]);
  const listed = (await (await fetch(`${url}/findings?muted=true`)).json()) as { items: FindingRow[] };
  expect(listed.items.map(({ id }) => id)).toEqual(['config-skew@all']);

  expect((await send(`${url}/findings/config-skew@all/mute`, null, 'DELETE')).status).toBe(204);
  expect((await send(`${url}/findings/config-skew@all/mute`, null, 'DELETE')).status).toBe(404);
  expect(await ledger.mutes.standing(Date.now())).toEqual(new Map());
  expect(
    (await ledger.audit.newest(9)).map(({ entry }) => [entry?.by.name, entry?.act, entry?.detail]),
  ).toEqual([
    ['ann', 'mute', 'no longer muted'],
    ['ann', 'mute', `muted until ${until}`],
  ]);
});

test('a mute of what does not stand, without an end, or for longer than 90 days is refused', async () => {
  const { ledger } = bench.create();
  await raise(ledger);
  const url = await serve(ledger, 'operator');
  const status = async (id: string, body: object) => (await send(`${url}/findings/${id}/mute`, body)).status;

  expect(await status('config-skew@nowhere', { reason: 'known', until: inHours(1) })).toBe(404);
  expect(await status('config-skew@all', { reason: 'known', until: inHours(-1) })).toBe(422);
  expect(await status('config-skew@all', { reason: 'known', until: inHours(91 * 24) })).toBe(422);
  expect(await status('config-skew@all', { reason: 'known' })).toBe(400);
  expect(await status('config-skew@all', { reason: '', until: inHours(1) })).toBe(400);
  expect(await ledger.mutes.standing(Date.now())).toEqual(new Map());
});

test('a viewer mutes nothing', async () => {
  const { ledger } = bench.create();
  await raise(ledger);
  const url = await serve(ledger, 'viewer');

  const refused = await send(`${url}/findings/config-skew@all/mute`, { reason: 'known', until: inHours(1) });

  expect(refused.status).toBe(403);
  expect(await ledger.mutes.standing(Date.now())).toEqual(new Map());
});
