import type { WrittenInstance } from '@muster/aws-sim/world/written';
import type { AccountId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { ConfigPart } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import {
  ACCOUNT,
  aWorld,
  instanceId,
  MANAGEMENT,
  someInstances,
  TARGET,
} from '../fixtures/written-world.fixture.ts';
import { endsOf } from './brake.ts';

const startWorkerBench = useWorkerBench();

const FAILS: WrittenInstance['outcome'] = { kind: 'exits', exitCode: 3 };
/** Longer than a test looks. */
const SLOW: WrittenInstance['outcome'] = { kind: 'joins', durationMs: 3_600_000 };
const DAY_MS = 24 * 3_600_000;
const SMALL = { window: 8, min_outcomes: 4, max_failure_share: 0.5 };

/** A target in an account of its own. */
function targetOf(n: number): Target {
  return { ...TARGET, accountId: `44445555000${n}` as AccountId };
}

/** A world in which each account has four hosts: the first `broken` accounts are broken. */
function startAccounts(count: number, broken: number, brake: ConfigPart): Promise<WorkerBench> {
  const accounts = Array.from({ length: count }, (_, n) => ({
    id: targetOf(n).accountId,
    instances: someInstances(4, n < broken ? { outcome: FAILS } : {}, 10 * n),
  }));
  return startWorkerBench({
    world: aWorld([], { accounts: [{ id: MANAGEMENT }, ...accounts] }),
    config: { muster: { brake } },
  });
}

/** Sends to targets, all of them first, and follows the commands until they have ended. */
async function installAt(bench: WorkerBench, targets: readonly Target[]): Promise<void> {
  const batches = [];
  for (const target of targets) {
    await bench.run('install-batch', { target });
    batches.push(...(await bench.intents(target)).map(({ batchId }) => ({ target, batchId })));
  }
  await bench.commandsEnded();
  for (const batch of batches) await bench.run('collect-command', batch);
}

async function engaged(bench: WorkerBench): Promise<readonly string[]> {
  const pauses = await bench.ledger.control.pauses();
  const scopes = pauses.filter(({ by }) => by === 'brake').map(({ scope }) => `brake-engaged ${scope}`);
  // Each brake has its finding, and each finding its brake.
  expect((await bench.findings()).filter((one) => one.startsWith('brake'))).toEqual(scopes.toSorted());
  return scopes;
}

test('an account that fails too often is stopped, and others go on', async () => {
  const bench = await startAccounts(2, 1, SMALL);
  await bench.discover();
  for (const n of [0, 1]) await bench.run('scan-target', { target: targetOf(n) });

  await installAt(bench, [targetOf(1), targetOf(0)]);

  expect(await engaged(bench)).toEqual([`brake-engaged account:${targetOf(0).accountId}`]);
  expect((await bench.ledger.audit.newest(9)).filter(({ entry }) => entry?.act === 'brake')).toMatchObject([
    { entry: { by: { kind: 'muster' }, scope: `account:${targetOf(0).accountId}`, result: 'done' } },
  ]);
  bench.advance(DAY_MS);
  expect(await bench.run('install-batch', { target: targetOf(0) })).toMatchObject({ sent: 0 });
});

test('failures that come before the slow successes do not stop a healthy fleet', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(14, { outcome: FAILS }),
      ...someInstances(6, { outcome: { kind: 'preflight', exitCode: 102 } }, 14),
      ...someInstances(30, { outcome: SLOW }, 20),
    ]),
    config: { muster: {} },
  });
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();

  let ended = 0;
  while (ended < 20) ({ ended } = await bench.run('collect-command', { target: TARGET, batchId }));

  // Twenty of twenty ends are failures; thirty of fifty hosts are well.
  expect(await engaged(bench)).toEqual([]);
});

test('retries of the same broken hosts never stop anything', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(7, { outcome: FAILS })),
    config: { muster: { brake: { window: 50, min_outcomes: 8 } } },
  });
  await bench.scanned();

  for (let round = 0; round < 5; round += 1) {
    await installAt(bench, [TARGET]);
    bench.advance(DAY_MS);
    await bench.run('read-inventory', {});
  }

  expect((await bench.sentSizes()).length).toBe(5);
  expect(await engaged(bench)).toEqual([]);
});

test('an installer that fails in every account stops everything, by one brake with one remedy', async () => {
  const bench = await startAccounts(4, 4, SMALL);
  await bench.discover();
  const targets = [0, 1, 2, 3].map(targetOf);
  for (const target of targets) await bench.run('scan-target', { target });

  await installAt(bench, targets);

  expect(await engaged(bench)).toEqual(['brake-engaged all']);
  const [finding] = await bench.ledger.control.findings();
  expect(finding?.message).toMatch(
    /^Sending to every account was stopped: \d+ of 8 hosts sent to one after another failed in [34] of [34] accounts/,
  );
  expect(finding?.remedy).toContain('muster resume --all.');
});

test('two broken accounts of four are stopped one by one', async () => {
  const bench = await startAccounts(4, 2, SMALL);
  await bench.discover();
  const targets = [0, 1, 2, 3].map(targetOf);
  for (const target of targets) await bench.run('scan-target', { target });

  await installAt(bench, targets);

  expect((await engaged(bench)).toSorted()).toEqual(
    [0, 1].map((n) => `brake-engaged account:${targetOf(n).accountId}`),
  );
});

test('after a resume, what was under way is no evidence, and what fails then engages it again', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(8, { outcome: FAILS })),
    config: { muster: { brake: SMALL } },
  });
  const { brake } = bench.ledger;
  const scope = `account:${ACCOUNT}` as const;
  await bench.scanned();
  await bench.run('install-batch', { target: TARGET });
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await brake.reset(scope, bench.now());

  await bench.run('collect-command', { target: TARGET, batchId });
  expect(await engaged(bench)).toEqual([]);

  // An engaged brake blames the installer, so after it the same hosts count once more, but once.
  await brake.noteEngaged({ scope, beganAtMs: bench.now() - 60_000 }, bench.now());
  await brake.reset(scope, bench.now());
  bench.advance(DAY_MS);
  await installAt(bench, [TARGET]);
  expect(await engaged(bench)).toEqual([`brake-engaged ${scope}`]);
});

test("an operator's own pause of the scope stays theirs", async () => {
  const bench = await startAccounts(1, 1, SMALL);
  const target = targetOf(0);
  await bench.discover();
  await bench.run('scan-target', { target });
  await bench.run('install-batch', { target });
  const { batchId } = await bench.intent(target);
  await bench.commandsEnded();
  const pause = {
    scope: `account:${target.accountId}`,
    atMs: 1,
    by: 'operator',
    reason: 'a freeze',
  } as const;
  await bench.ledger.control.pause(pause);

  await bench.run('collect-command', { target, batchId });

  expect(await bench.ledger.control.pauses()).toEqual([pause]);
  expect(await bench.findings()).toEqual([`brake-engaged ${pause.scope}`]);
});

test('a brake that is turned off counts nothing', async () => {
  const bench = await startAccounts(1, 1, { ...SMALL, enabled: false });
  await bench.discover();
  await bench.run('scan-target', { target: targetOf(0) });

  await installAt(bench, [targetOf(0)]);

  expect(await engaged(bench)).toEqual([]);
  expect(await bench.store.redis.exists(bench.store.keys.brake('all'))).toBe(0);
});

test('what an operator canceled, or another cluster owns, is no failure; an installer that ended is none yet', () => {
  const [success, failure] = [
    { kind: 'success', exitCode: 0, output: '' } as const,
    { kind: 'failure', exitCode: 1, output: '' } as const,
  ];
  const results = new Map(
    [
      success,
      { ...failure, cause: 'ec2-ssm-canceled' } as const,
      { ...failure, cause: 'host-managed-elsewhere' } as const,
      { ...failure, cause: 'host-no-curl' } as const,
    ].map((result, n) => [instanceId(n), result]),
  );

  expect(endsOf(results, true).map(({ failed }) => failed)).toEqual([false, false, true]);
  expect(endsOf(results, false).map(({ failed }) => failed)).toEqual([false, false, false, true]);
});

test('a brake on everything takes the place of those that accounts engaged shortly before, and leaves older ones', async () => {
  const bench = await startAccounts(5, 5, SMALL);
  const { control } = bench.ledger;
  const [old, recent] = [targetOf(3), targetOf(4)].map(({ accountId }) => `account:${accountId}` as const);
  await bench.discover();
  const targets = [0, 1, 2, 3, 4].map(targetOf);
  for (const target of targets) await bench.run('scan-target', { target });
  for (const [scope, minutes] of [
    [old, 61],
    [recent, 20],
  ] as const) {
    if (scope === undefined) continue;
    const atMs = bench.now() - minutes * 60_000;
    await control.pause({ scope, atMs, by: 'brake', reason: 'a test' });
    await control.raise({ kind: 'brake-engaged', scope, sinceMs: atMs, message: 'a test', remedy: 'none' });
  }

  await installAt(bench, targets.slice(0, 3));

  expect((await engaged(bench)).toSorted()).toEqual([`brake-engaged ${old}`, 'brake-engaged all']);
});
