import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { MUSTER_ENTRY } from '@muster/testing/supervised-process';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem | undefined;
afterEach(() => system?.close());

test('sweep --wait says whom it waits for in vain, and ends when they have come', async () => {
  system = await startSystem({
    world: { accounts: 2, regions: 1, instances: 5 },
    schedulers: 0,
    workers: 0,
  });
  const sweeping = spawn(process.execPath, [MUSTER_ENTRY, 'sweep', '--wait'], {
    env: system.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(sweeping, 'exit');
  const lines = createInterface({ input: sweeping.stderr });
  const told: string[] = [];
  createInterface({ input: sweeping.stdout }).on('line', (line) => told.push(line));

  const [alone] = (await once(lines, 'line')) as [string];
  system.start('scheduler');
  const [lacksWorker] = (await once(lines, 'line')) as [string];
  system.start('worker');
  const [code] = (await ended) as [number];

  expect(alone).toBe(
    'no scheduler and no worker is connected to Redis: nothing is read before. Start muster scheduler and muster worker (docker compose up -d scheduler worker); waiting',
  );
  expect(lacksWorker).toBe(
    'no worker is connected to Redis: nothing is read before. Start muster worker (docker compose up -d worker); waiting',
  );
  expect(told).toEqual([
    'no account is known yet: the organization is listed now, and its targets are read as they are found',
    expect.stringMatching(/^complete: /),
  ]);
  expect(code).toBe(0);
});
