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
  system = await startSystem({ schedulers: 0, workers: 0 });
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
  const records = await recordTexts();
  expect(records).toHaveLength(instances.total);
  // Both have written, and neither took from a record what the other had put there.
  expect(records.some((text) => text.includes(`"v":${LEDGER_SCHEMA},`) && text.includes('"wave":2'))).toBe(
    true,
  );
  expect(records.some((text) => text.includes(`"v":${LEDGER_SCHEMA + 1},`))).toBe(true);
  expect((await system.status()).findings.filter(({ kind }) => kind === 'ledger-unreadable')).toEqual([]);

  for (const process of ofTomorrow) process.signal('SIGTERM');
  await Promise.all(ofTomorrow.map((process) => process.ended));
  expect((await system.cli('sweep', '--wait')).code).toBe(0);
  await system.judged(120_000);
});
