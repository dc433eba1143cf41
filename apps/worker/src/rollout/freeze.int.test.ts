import { explainInstance } from '@muster/core/reports/explain-instance';
import { readOrganizationStatus } from '@muster/core/reports/organization-status';
import { readWaitingHosts } from '@muster/core/rollout/waiting-hosts';
import { targetId } from '@muster/core/organization/target';
import type { ConfigPart } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { wakeByConfig } from '../enrollment/wake-by-config.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });
const HOUR_MS = 3_600_000;

/** A window from an hour ago until in two hours, by whole seconds. */
function aWindow(facts: object = {}): { config: ConfigPart; untilMs: number } {
  const nowMs = Math.floor(Date.now() / 1_000) * 1_000;
  const untilMs = nowMs + 2 * HOUR_MS;
  const iso = (ms: number): string => new Date(ms).toISOString().replace('.000', '');
  const window = { name: 'year-end', from: iso(nowMs - HOUR_MS), to: iso(untilMs), ...facts };
  return { config: { muster: { freeze: [window] } }, untilMs };
}

test.each([
  ['everything', {}],
  ['the account', { accounts: [ACCOUNT] }],
  ['the region', { regions: [TARGET.region] }],
])('a freeze of %s holds every send until its end, and then they go', async (_, facts) => {
  const { config, untilMs } = aWindow(facts);
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await bench.scanned();

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'freeze' });
  expect(await bench.commands()).toEqual([]);
  expect(await bench.states()).toEqual({ queued: 2 });
  // The end is far: it is looked at once an hour, for a worker may have looked that had not taken up a changed window yet.
  const lookAtMs = (await bench.dueAt('install', targetId(TARGET))) ?? 0;
  expect(Math.abs(lookAtMs - bench.now() - HOUR_MS)).toBeLessThan(5_000);
  expect(Math.abs(((await bench.ledger.waits.of(TARGET))?.untilMs ?? 0) - untilMs)).toBeLessThan(5_000);

  bench.advance(HOUR_MS);
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'freeze' });
  expect(Math.abs(((await bench.dueAt('install', targetId(TARGET))) ?? 0) - untilMs)).toBeLessThan(5_000);
  bench.advance(untilMs - bench.now() - 1_000);
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'freeze' });
  bench.advance(1_000);
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test.each([
  ['another account', { accounts: ['999988887777'] }],
  ['another region', { regions: ['sa-east-1'] }],
  ['another unit', { units: ['ou-ab12-99999999'] }],
  ['repairs alone', { for: ['repairs'] }],
])('a freeze of %s holds no first send', async (_, facts) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: aWindow(facts).config });
  await bench.scanned();

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('a freeze of a unit holds the accounts below it', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const units = (await bench.ledger.coverage.account(ACCOUNT))?.account.ancestorIds ?? [];
  expect(units.length).toBeGreaterThan(0);
  const frozen = bench.depsWith(aWindow({ units }).config);

  expect(await bench.run('install-batch', { target: TARGET }, frozen)).toMatchObject({ stopped: 'freeze' });
  expect(await bench.states()).toEqual({ queued: 2 });
});

test('status, explain and a single run name the window and its end', async () => {
  const { config, untilMs } = aWindow({ accounts: [ACCOUNT] });
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  const until = new Date(untilMs).toISOString();
  await bench.scanned();
  await install(bench);
  const deps = { ledger: bench.ledger, config: bench.deps.config, nowMs: bench.now() };

  const { waits, findings } = await readOrganizationStatus(bench.ledger, bench.now());
  expect(waits).toMatchObject([
    { reason: 'freeze', subject: 'year-end', instances: 2, message: 'freeze window year-end' },
  ]);
  expect(Math.abs(Date.parse(waits[0]?.until ?? '') - untilMs)).toBeLessThan(1_000);
  // An operator wrote it: there is nothing to act on, however long it lasts.
  bench.advance(HOUR_MS);
  expect(findings).toEqual([]);
  expect((await readOrganizationStatus(bench.ledger, bench.now())).findings).toEqual([]);
  expect((await explainInstance(deps, instanceId(0)))?.waitsFor).toContain(
    `the freeze window year-end until ${until}`,
  );
  expect(await readWaitingHosts(bench.ledger, bench.deps.config, bench.now())).toMatchObject([
    { reason: 'freeze', scope: 'year-end', instances: 2, untilMs },
  ]);
});

test('a freeze of everything is told by the scan, before any job has looked', async () => {
  const { config, untilMs } = aWindow();
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)), config });

  await bench.scanned();

  const { waits } = await readOrganizationStatus(bench.ledger, bench.now());
  expect(waits).toMatchObject([
    { reason: 'freeze', subject: 'year-end', instances: 3, until: new Date(untilMs).toISOString() },
  ]);
  expect(bench.jobs.filter(({ name }) => name === 'install-batch')).toEqual([]);
});

test('a window that begins right after the claim stops the command, and frees its instances', async () => {
  const beginsAtMs = Math.ceil(Date.now() / 1_000) * 1_000 + 60_000;
  const from = new Date(beginsAtMs).toISOString().replace('.000', '');
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2)),
    config: aWindow({ from }).config,
  });
  await bench.scanned();
  // The send has ten seconds: it would leave.
  bench.advance(beginsAtMs - bench.now() - 2_000);
  const { enrollments, ...others } = bench.ledger;
  const write: typeof enrollments.write = async (...change) => {
    const words = await enrollments.write(...change);
    if (change[3].some(({ value }) => value !== null)) bench.advance(3_000);
    return words;
  };
  const deps = { ...bench.deps, ledger: { ...others, enrollments: { ...enrollments, write } } };

  expect(await bench.run('install-batch', { target: TARGET }, deps)).toMatchObject({ sent: 0 });

  expect(await bench.commands()).toEqual([]);
  expect(await bench.states()).toEqual({ queued: 2 });
  expect(await bench.intents()).toEqual([]);
});

test('a command that is under way is followed to its end in a freeze', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await install(bench);
  const { batchId } = await bench.intent();
  const frozen = bench.depsWith(aWindow().config);
  await bench.commandsEnded();

  await bench.run('collect-command', { target: TARGET, batchId }, frozen);

  expect(await bench.states()).toEqual({ installed: 2 });
  expect(await bench.intents()).toEqual([]);
});

test('a window that is removed while it is in force lets what waits go at once', async () => {
  const { config, untilMs } = aWindow();
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await bench.scanned();
  await wakeByConfig(bench.deps);
  await install(bench);
  expect(await bench.dueAt('install', targetId(TARGET))).toBeGreaterThan(bench.now() + HOUR_MS / 2);
  const before = await bench.dueAt('scan', targetId(TARGET));
  const without = bench.depsWith({});

  expect(await wakeByConfig(without)).toBe(true);

  expect(await bench.dueAt('install', targetId(TARGET))).toBeLessThanOrEqual(bench.now() + 1_000);
  // What the hosts are has not changed: nothing is read again for it.
  expect(await bench.dueAt('scan', targetId(TARGET))).toBe(before);
  expect(await bench.run('install-batch', { target: TARGET }, without)).toMatchObject({ sent: 1 });
  expect(untilMs).toBeGreaterThan(bench.now());
});

test('a host that has joined before is repaired, not sent to: a freeze of sends alone does not hold it', async () => {
  const { config } = aWindow({ for: ['sends'] });
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await bench.scanned();
  const stored = (await bench.ledger.enrollments.read(TARGET, [instanceId(0)])).get(instanceId(0));
  if (stored === undefined || stored.value.state === 'unknown') throw new Error('there is no such record');
  const value = { ...stored.value, joinedAtMs: 1 };
  const change = { instanceId: instanceId(0), expected: stored.version, value };
  expect(await bench.ledger.enrollments.write(TARGET, 'all', [change], [])).toEqual(['written']);

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 1 });

  expect((await bench.record(instanceId(1))).state).toBe('queued');
});

test('a freeze of sends alone does not put off a repair whose time has not come', async () => {
  const { config } = aWindow({ for: ['sends'] });
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config });
  await bench.scanned();
  const stored = (await bench.ledger.enrollments.read(TARGET, [instanceId(0)])).get(instanceId(0));
  if (stored?.value.state !== 'queued') throw new Error('there is no such record');
  const readyAtMs = bench.now() + HOUR_MS / 4;
  const value = { ...stored.value, joinedAtMs: 1, readyAtMs };
  const change = { instanceId: instanceId(0), expected: stored.version, value };
  expect(await bench.ledger.enrollments.write(TARGET, 'all', [change], [])).toEqual(['written']);

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'freeze' });

  expect(await bench.dueAt('install', targetId(TARGET))).toBeLessThanOrEqual(readyAtMs + 1_000);
});
