import { InstanceId } from '@muster/core/organization/ids';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

const HOSTS = 120;
/** Of this run: far fewer than the hosts that die. */
const REPAIRS_IN_FLIGHT = 3;

let system: MusterSystem;
afterEach(() => system.close());

test('agents die, and some return: each host is joined again, by itself or by one repair, and the others are told lost', async () => {
  system = await startSystem({
    world: { accounts: 4, regions: 2, instances: HOSTS, seed: 31 },
    speed: 25,
    config: { muster: { repair: { in_flight: REPAIRS_IN_FLIGHT } } },
  });
  await system.judged();
  const [silent] = await listHosts(system);
  const silentId = InstanceId.parse(silent?.id);
  await system.aws.change({ op: 'set-ssm', instanceId: silentId, ssm: { pingStatus: 'ConnectionLost' } });
  await system.aws.change({ op: 'lose-node', instanceId: silentId });

  const [change] = await system.aws.change({
    op: 'lose-nodes',
    share: 0.2,
    withinMs: 300_000,
    restoredShare: 0.5,
    restoredAfterMs: [60_000, 1_800_000],
  });
  const died = new Set([...(change?.ids ?? [])].filter((id) => id !== silentId));
  expect(died.size).toBeGreaterThan(10);
  let [mostLost, mostRepairs] = [0, 0];
  await eventually(
    'all but the silent host are joined again',
    async () => {
      const { byState } = (await system.status()).instances;
      const places = await system.ledger.caps.places();
      mostLost = Math.max(mostLost, byState['lost'] ?? 0);
      mostRepairs = Math.max(mostRepairs, places.filter(({ kind }) => kind === 'repair').length);
      return byState['joined'] === HOSTS - 1 && byState['lost'] === 1 && system.report().joined === HOSTS - 1;
    },
    240_000,
  );

  const { instances } = await system.status();
  expect(instances.byCause).toEqual({ 'node-lost-host-silent': 1 });
  expect(mostLost).toBeGreaterThan(1);
  expect(mostRepairs).toBeGreaterThan(0);
  expect(mostRepairs).toBeLessThanOrEqual(REPAIRS_IN_FLIGHT);
  const { installs } = system.report();
  expect(installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
  // Only hosts whose agents died are sent to again, and none of them twice.
  const repaired = installs.perInstance['2'] ?? 0;
  expect(installs.perInstance).toEqual({ 0: 0, 1: HOSTS - repaired, 2: repaired });
  expect(repaired).toBeGreaterThan(0);
  expect(repaired).toBeLessThan(died.size);

  const { stdout } = await system.cli('explain', silentId);
  expect(stdout).toMatch(/: lost since 20/u);
  expect(stdout).toMatch(/why {6}node-lost-host-silent: /u);
  expect(stdout).toMatch(/node {5}last seen 20\S+Z, missing since 20\S+Z/u);
  expect((await system.cli('instances', '--state', 'lost', '--json')).stdout).toContain(silentId);
});
