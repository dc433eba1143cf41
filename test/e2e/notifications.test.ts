import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';

/** Channels of a running system, with two schedulers: an operator is told once of what stands, and once of its end. */
let system: MusterSystem | null = null;
const told: string[] = [];
const receiver = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.once('end', () => {
    const { data } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      data: { events: readonly { type: string; kind: string; scope: string }[] };
    };
    told.push(...data.events.map(({ type, kind, scope }) => `${type} ${kind} ${scope}`));
    response.writeHead(204).end();
  });
});

afterEach(async () => {
  await system?.close();
  receiver.close();
  receiver.closeAllConnections();
});

test('a brake is told once when it is engaged, and once when the operator has ended it', async () => {
  await new Promise<void>((resolve) => {
    receiver.listen(0, '127.0.0.1', resolve);
  });
  const { port } = receiver.address() as AddressInfo;
  system = await startSystem({
    speed: 40,
    schedulers: 2,
    world: { accounts: 12, regions: 2, instances: 300, scenario: 'clean' },
    teleport: { faults: { installer: 'failing' } },
    config: {
      muster: {
        limits: { installs_in_flight: 150 },
        install: { join_timeout: '1m' },
        rollout: { ramp: { off: true } },
        notify: [
          {
            name: 'ops',
            kind: 'webhook',
            url: `http://127.0.0.1:${port}/`,
            kinds: ['brake-engaged'],
            severity: 'page',
            allow_private: true,
          },
        ],
      },
    },
  });

  await eventually('the brake is told', () => told.includes('raised brake-engaged all'), 120_000);
  system.teleport.setFaults({ installer: 'ok' });
  expect((await system.cli('resume', '--all', '--yes')).code).toBe(0);
  await eventually('its end is told', () => told.includes('resolved brake-engaged all'), 60_000);

  expect(told.filter((event) => event.endsWith(' all'))).toEqual([
    'raised brake-engaged all',
    'resolved brake-engaged all',
  ]);
});
