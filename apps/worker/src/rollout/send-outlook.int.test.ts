import { targetId } from '@muster/core/organization/target';
import { expect, test } from 'vitest';
import { useWorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { aWorld, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';
import { createSendOutlook } from './send-permission.ts';

const startWorkerBench = useWorkerBench();
const held = { muster: { limits: { hold_first_send: true } } };

test('while sends are held a scan jobs at no install, says why, and the target is looked at later', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: held });

  await bench.scanned();

  expect(await bench.states()).toEqual({ queued: 2 });
  expect(bench.jobs.filter((hint) => hint.name === 'install-batch')).toEqual([]);
  expect(await bench.findings()).toEqual(['hold-first-send all']);
  const waitMs = ((await bench.dueAt('install', targetId(TARGET))) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(bench.deps.timings.heldMs - 5_000);
});

test('when sends are permitted a scan jobs at the install at once', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });

  await bench.scanned();

  expect(bench.jobs.filter((hint) => hint.name === 'install-batch')).toHaveLength(1);
});

test('the outlook asks Redis once for all who ask within a second, and anew after it', async () => {
  const bench = await startWorkerBench({ world: aWorld([]), config: held });
  const outlook = createSendOutlook(bench.deps);

  const [one, other] = await Promise.all([outlook(), outlook()]);
  await bench.ledger.control.releaseHold();
  const remembered = await outlook();
  bench.advance(1_001);

  expect(one.notBeforeMs).toBeGreaterThan(bench.now());
  expect(one.reason).toBe('held');
  expect(other).toEqual(one);
  expect(remembered).toEqual(one);
  expect(await outlook()).toMatchObject({ notBeforeMs: 0, reason: null });
});
