import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem | undefined;
afterEach(() => system?.close());

test('sweep --wait says whom it waits for in vain, and ends when they have come', async () => {
  system = await startSystem({ world: { accounts: 2, regions: 1, instances: 5 } });
  const sweeping = system.cli('sweep', '--wait');
  // It says so after its first look; the processes take longer than that to be up.
  system.start('scheduler');
  system.start('worker');

  const { code, stderr } = await sweeping;

  expect(code).toBe(0);
  const [first] = stderr.split('\n');
  expect(first).toBe(
    'no scheduler and no worker is connected to Redis: nothing is read before. Start muster scheduler and muster worker (docker compose up -d scheduler worker); waiting',
  );
});
