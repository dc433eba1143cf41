import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

async function hasFinding(kind: string): Promise<boolean> {
  return (await system.status()).findings.some((finding) => finding.kind === kind);
}

test('an inventory that suddenly shows half of its nodes causes no reinstall, but a finding', async () => {
  system = await startSystem({ world: { accounts: 4, regions: 2, instances: 100 } });
  await system.judged();

  system.teleport.setFaults({ inventory: 'half' });
  await eventually('the drop was noticed', () => hasFinding('inventory-drop'));
  // Hosts that restart, and new ones, while the inventory cannot be trusted.
  const restarted = (await listHosts(system)).slice(0, 10);
  for (const { id } of restarted) await system.aws.change({ op: 'stop-instance', instanceId: id });
  expect((await system.cli('sweep', '--wait')).code).toBe(0);
  for (const { id } of restarted) await system.aws.change({ op: 'start-instance', instanceId: id });
  expect((await system.cli('sweep', '--wait')).code).toBe(0);

  expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: 100 });

  system.teleport.setFaults({ inventory: 'ok' });
  await eventually('the inventory is trusted again', async () => !(await hasFinding('inventory-drop')));
  await eventually(
    'all are joined again',
    async () => (await system.status()).instances.byState['joined'] === 100,
  );
  expect(system.report().installs).toMatchObject({ perInstance: { 1: 100 }, whileLive: 0, afterJoined: 0 });
});

test('while the inventory cannot be read, nothing is sent', async () => {
  system = await startSystem({ teleport: { faults: { inventory: 'error' } } });
  await eventually('the trouble was noticed', () => hasFinding('inventory-unavailable'));
  await eventually('the candidates are known', async () => {
    return (await system.status()).instances.byState['queued'] === system.report().readableInstances;
  });
  expect(system.report().commands.sent).toBe(0);

  system.teleport.setFaults({ inventory: 'ok' });

  await system.judged();
});
