import { LEDGER_SCHEMA } from '@muster/core/control/installation';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { nextRelease } from './next-release.fixture.ts';

let system: MusterSystem;
afterEach(() => system.close());

/** All records, as they lie in Redis. */
async function recordTexts(): Promise<readonly string[]> {
  const keys = (await system.redisCall('KEYS', '*:instances')) as string[];
  const all = await Promise.all(keys.map((key) => system.redisCall('HVALS', key) as Promise<string[]>));
  return all.flat();
}

interface Versions {
  readonly processes: readonly { readonly part: string; readonly schema: number }[];
}

test('this release and the next work side by side on one Redis, and the older one alone after the newer one was taken back', async () => {
  // One sweep, however long jobs wait for a process of their release.
  const config = { discovery_service: { poll_interval: '4h' } };
  system = await startSystem({ schedulers: 0, workers: 0, config });
  const ofTomorrow = [
    system.start('scheduler', { env: nextRelease() }),
    system.start('worker', { env: nextRelease() }),
  ];
  system.start('scheduler');
  system.start('worker');
  const told = await eventually('all four processes tell their release', async () => {
    const { stdout } = await system.cli('version', '--json');
    const { processes } = JSON.parse(stdout) as Versions;
    return processes.length === 4
      ? processes.map(({ part, schema }) => `${part} ${schema}`).toSorted()
      : null;
  });
  expect(told).toEqual(
    ['scheduler', 'worker'].flatMap((part) => [`${part} ${LEDGER_SCHEMA}`, `${part} ${LEDGER_SCHEMA + 1}`]),
  );

  const { instances } = await system.judged(120_000);

  expect(instances.byState['joined']).toBeGreaterThan(0);
  const before = await recordTexts();
  expect(before).toHaveLength(instances.total);
  const ofNext = before.filter((text) => text.includes(`{"v":${LEDGER_SCHEMA + 1},"ring":2,`));
  expect(ofNext.length).toBeGreaterThan(0);

  for (const process of ofTomorrow) process.signal('SIGTERM');
  await Promise.all(ofTomorrow.map((process) => process.ended));
  const [, stopped = ''] = /"instanceId":"(i-[0-9a-f]+)"/.exec(ofNext[0] ?? '') ?? [];
  await system.aws.change({ op: 'stop-instance', instanceId: stopped });
  expect((await system.cli('sweep', '--wait')).code).toBe(0);

  const { findings } = await system.settled();
  expect(system.report().installs).toMatchObject({
    whileLive: 0,
    afterJoined: 0,
    perInstance: { '1': instances.total },
  });
  // The release that was left has moved the record on, and kept what the other had put there.
  const after = (await recordTexts()).find((text) => text.includes(`"instanceId":"${stopped}"`)) ?? '';
  expect(after).toMatch(new RegExp(`\\|stopped\\|.*{"v":${LEDGER_SCHEMA},.*"ring":2`));
  expect(findings.filter(({ kind }) => kind === 'ledger-unreadable')).toEqual([]);
});
