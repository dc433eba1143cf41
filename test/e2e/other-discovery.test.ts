/** A Discovery Service of Teleport at work on the same hosts: Muster waits, and goes on when it has ended. */
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

const SERVICE = '3f0c2c1e-0000-4000-8000-000000000001';

let system: MusterSystem;
afterEach(() => system.close());

const isTold = async (): Promise<boolean> =>
  (await system.status()).findings.some(({ kind }) => kind === 'other-discovery');

test('nothing is sent while another service enrolls the hosts, and the rest is enrolled when it has ended', {
  timeout: 240_000,
}, async () => {
  system = await startSystem({
    world: { accounts: 3, regions: 2, instances: 24 },
    schedulers: 0,
    workers: 0,
    config: { muster: { inventory: { source: 'tctl' } } },
  });
  await fetch(`${system.teleport.url}/_sim/discovery-services`, {
    method: 'POST',
    body: JSON.stringify({
      hostId: SERVICE,
      hostname: 'disco-1',
      group: 'theirs',
      aws: [{ types: ['ec2'], regions: ['*'], tags: { '*': '*' } }],
    }),
  });
  system.start('scheduler');
  system.start('worker');

  await eventually('every host waits, and the finding says why', async () => {
    const { sweep, instances } = await system.status();
    return sweep?.state === 'finished' && (instances.byState['queued'] ?? 0) > 0 && (await isTold());
  });
  // What the other service does meanwhile: it enrolls some of the hosts.
  const theirs = (await listHosts(system)).slice(0, 6);
  const nodes = theirs.map(({ id, account, region }) => ({ instanceId: id, accountId: account, region }));
  await fetch(`${system.teleport.url}/_sim/nodes`, { method: 'POST', body: JSON.stringify({ nodes }) });
  expect(system.report().commands.sent).toBe(0);

  await fetch(`${system.teleport.url}/_sim/discovery-services/${SERVICE}`, { method: 'DELETE' });

  const { instances } = await system.settled(120_000);
  expect(instances.byState).toEqual({ joined: 24 });
  expect(await isTold()).toBe(false);
  expect(system.report().installs).toMatchObject({ perInstance: { 1: 18 }, whileLive: 0, afterJoined: 0 });
  const ids = new Set(theirs.map(({ id }) => id));
  expect((await listHosts(system)).filter(({ id, installs }) => ids.has(id) && installs > 0)).toEqual([]);
});
