import { fileURLToPath } from 'node:url';
import { readWorldFile } from '@muster/aws-sim/world/file';
import { hasPlaceIn } from '@muster/core/rollout/waves/wave';
import type { WaveView } from '@muster/core/rollout/waves/wave-view';
import type { InstanceId } from '@muster/core/organization/ids';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listCommands, listHosts, type SimulatedCommand } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

const SHARE = 0.4;
/** Which wave a host belongs to, told from the world alone. */
function waveOfHost(account: string, instanceId: string, canary: string): string {
  if (account === canary) return 'canary';
  return hasPlaceIn(SHARE, instanceId as InstanceId) ? 'sample' : 'rest';
}

async function waves(): Promise<readonly WaveView[]> {
  const { code, stdout } = await system.cli('waves', '--json');
  expect(code).toBe(0);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as WaveView);
}

/** How many hosts of a wave had their installer end before that time, by the simulator's own record. */
function endedBefore(commands: readonly SimulatedCommand[], ids: ReadonlySet<string>, atMs: number): number {
  const ended = commands.flatMap(({ invocations }) =>
    invocations.filter(
      ({ instanceId, endedAt }) => ids.has(instanceId) && endedAt !== null && Date.parse(endedAt) <= atMs,
    ),
  );
  return new Set(ended.map(({ instanceId }) => instanceId)).size;
}

test('nothing of a wave is sent before the one before it has joined and an operator has approved it', async () => {
  system = await startSystem({
    world: { accounts: 5, regions: 2, instances: 80 },
    schedulers: 0,
    workers: 0,
  });
  const canary = system.aws.world.accounts[1]?.id ?? '';
  system.configure({
    muster: {
      rollout: {
        waves: [
          { name: 'canary', accounts: [canary] },
          { name: 'sample', share: SHARE, after: { for: '0' }, approve: true },
          { name: 'rest', after: { wave: 'sample', for: '0' } },
        ],
      },
    },
  });
  for (const kind of ['scheduler', 'scheduler', 'worker', 'worker'] as const) system.start(kind);

  const asked = await eventually('the second wave waits for its approval', async () => {
    const now = await waves();
    const [done, next] = now;
    return done?.waiting === 0 && done.underWay === 0 && next?.waitsFor === 'approval' ? now : null;
  });
  const [first, second] = asked;
  expect(first).toMatchObject({ name: 'canary', state: 'begun' });
  expect(Number(first?.joined)).toBeGreaterThanOrEqual(0.9 * Number(first?.hosts));
  expect((await listCommands(system)).every(({ account }) => account === canary)).toBe(true);
  const { findings } = await system.status();
  expect(findings).toContainEqual(
    expect.objectContaining({ kind: 'wave-unapproved', scope: 'wave:sample', count: second?.hosts }),
  );

  expect((await system.cli('approve', 'sample', '--yes')).code).toBe(0);
  const status = await system.judged();

  expect(status.instances.byState).toEqual({ joined: 80 });
  expect(system.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
  const commands = await listCommands(system);
  const hosts = await listHosts(system);
  const of = (wave: string) =>
    new Set(hosts.filter(({ account, id }) => waveOfHost(account, id, canary) === wave).map(({ id }) => id));
  for (const [wave, before] of [
    ['sample', 'canary'],
    ['rest', 'sample'],
  ] as const) {
    const sentAtMs = commands
      .filter(({ invocations }) => invocations.some(({ instanceId }) => of(wave).has(instanceId)))
      .map(({ requestedAt }) => Date.parse(requestedAt));
    expect(sentAtMs.length).toBeGreaterThan(0);
    const done = endedBefore(commands, of(before), Math.min(...sentAtMs));
    expect(done / of(before).size).toBeGreaterThanOrEqual(0.9);
  }
  expect((await waves()).map(({ name, joined, hosts: all }) => [name, joined === all])).toEqual([
    ['canary', true],
    ['sample', true],
    ['rest', true],
  ]);
});

const BROKEN_IMAGE = fileURLToPath(
  new URL('../../packages/aws-sim/worlds/broken-image.yaml', import.meta.url),
);

test('a broken image in one unit is stopped within a few dozen hosts, and the units after it are not touched', async () => {
  system = await startSystem({
    world: { world: readWorldFile(BROKEN_IMAGE) },
    schedulers: 0,
    workers: 0,
  });
  const unitOf = (accountName: string): string =>
    system.aws.world.accounts.find(({ name }) => name === accountName)?.parentId ?? '';
  const units = { shop: unitOf('shop-web'), batch: unitOf('batch-nightly'), search: unitOf('search-index') };
  system.configure({
    muster: {
      rollout: {
        waves: [
          { name: 'shop', units: [units.shop] },
          { name: 'batch', units: [units.batch], in_flight: 40, after: { for: '0' } },
          { name: 'rest', after: { wave: 'batch', for: '0' } },
        ],
      },
    },
  });
  for (const kind of ['scheduler', 'worker', 'worker'] as const) system.start(kind);

  const stops = new Set(['brake-engaged', 'ramp-stopped']);
  const status = await eventually(
    'sending has stopped',
    async () => {
      const now = await system.status();
      const isStopped = now.findings.some(({ kind }) => stops.has(kind));
      return isStopped && system.report().commands.live === 0 ? now : null;
    },
    120_000,
  );

  const touched = Map.groupBy(
    (await listHosts(system)).filter(({ installs }) => installs > 0),
    ({ account }) => `${account[0]}`,
  );
  expect(touched.get('2')).toHaveLength(60);
  expect(system.report().joined).toBe(60 + (touched.get('1')?.length ?? 0));
  expect(touched.get('3')?.length).toBeGreaterThan(4);
  expect(touched.get('3')?.length).toBeLessThan(80);
  expect(touched.get('4')).toBeUndefined();
  expect(status.instances.byCause).toEqual({ 'ec2-join-failure': expect.any(Number) });
  expect((await waves()).find(({ name }) => name === 'rest')).toMatchObject({ state: 'waits' });
  expect(system.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
});
