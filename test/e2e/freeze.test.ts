import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listCommands, listHosts } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

/** Long enough for a reload and the others' installs on a busy machine. Real time, whatever the simulation's speed is. */
const WINDOW_MS = 45_000;

function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace('.000', '');
}

test('in a freeze window an account is not sent to and says why, and at its end it is enrolled by itself', async () => {
  system = await startSystem({
    world: { accounts: 3, regions: 1, instances: 30 },
    config: { muster: { paused: true } },
  });
  await eventually('everything was read', async () => {
    const { byState, total } = (await system.status()).instances;
    return total === 30 && byState['queued'] === total;
  });
  const [first] = await listHosts(system);
  const frozen = first?.account ?? '';
  const hosts = (await listHosts(system)).filter(({ account }) => account === frozen);
  const untilMs = Math.ceil(Date.now() / 1_000) * 1_000 + WINDOW_MS;
  const window = { name: 'launch-day', from: isoSeconds(untilMs - 3_600_000), to: isoSeconds(untilMs) };

  // Taken up without a restart.
  system.configure({ muster: { freeze: [{ ...window, accounts: [frozen] }] } });
  await eventually('the others have joined, and these wait', async () => {
    const { byState, total } = (await system.status()).instances;
    return byState['queued'] === hosts.length && byState['joined'] === total - hosts.length;
  });
  const [shown, explained, status] = await Promise.all([
    system.cli('status'),
    system.cli('explain', first?.id ?? ''),
    system.status(),
  ]);

  const ofFrozen = async () => (await listCommands(system)).filter(({ account }) => account === frozen);
  expect(await ofFrozen()).toEqual([]);
  expect(Date.now()).toBeLessThan(untilMs);
  expect(status.waits).toMatchObject([{ reason: 'freeze', subject: 'launch-day', instances: hosts.length }]);
  expect(shown.stdout).toContain('freeze window launch-day');
  expect(explained.stdout).toContain(`freeze window launch-day until ${new Date(untilMs).toISOString()}`);

  await eventually('it is enrolled', async () => (await ofFrozen()).length > 0, 2 * WINDOW_MS);
  expect(Date.now()).toBeGreaterThanOrEqual(untilMs);
  const { instances } = await system.judged();
  expect(instances.byState).toEqual({ joined: instances.total });
});
