/** Ramps that hold no host any more: their matcher was changed, or ramps are off. */
import { anInstanceId, aRecord, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Ledger } from '../../control/ledger.ts';
import { isOfInterest } from './describe-ramp.ts';
import { begin, claim, CONFIG, end, FIRST, hosts, ID, move, only, put, RULE } from './ramp-hosts.fixture.ts';
import { moveRamps } from './run-ramps.ts';

const bench = useLedgerBench();

/** The configuration that is worked by has these matchers. */
const workBy = (ledger: Ledger, ...matchers: readonly string[]) =>
  ledger.control.setWorkedBy(JSON.stringify({ matchers }));

test('a ramp that was stopped is nothing to act on once its matcher is changed, and is stopped still when that is back', async () => {
  const one = bench.create();
  const { ledger } = one;
  await workBy(ledger, ID.slice(2));
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'failed');
  await move(ledger);
  expect(await ledger.control.findings()).toHaveLength(1);

  await workBy(ledger, '0000000000000002');
  await move(ledger);
  expect(await ledger.control.findings()).toEqual([]);
  expect((await ledger.ramps.all()).filter(isOfInterest)).toEqual([]);
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');

  await workBy(ledger, ID.slice(2));
  await move(ledger);
  expect(await ledger.control.findings()).toMatchObject([{ kind: 'ramp-stopped', scope: ID }]);
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');
});

test('while ramps are off, one that was stopped holds no host and is told of by no finding', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'failed');
  await move(ledger);
  const off = { ...CONFIG, rollout: { ...CONFIG.rollout, ramp: { ...RULE, off: true } } };

  await moveRamps({ ledger, config: off, nowMs: NOW_MS });
  expect(await ledger.control.findings()).toEqual([]);

  await move(ledger);
  expect(await ledger.control.findings()).toMatchObject([{ kind: 'ramp-stopped' }]);
});

test('the ramp of a matcher that is no more is forgotten, though it has let in fewer than a first step', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 2));
  for (const id of hosts(0, 2)) await end(ledger, FIRST, id, 'joined');
  await put(ledger, FIRST, { ...aRecord('queued'), instanceId: anInstanceId(9) });
  const { takenAtMs } = await only(ledger);
  await move(ledger, takenAtMs + 3_600_000);
  expect(await ledger.ramps.all()).toHaveLength(1);

  await workBy(ledger, '0000000000000002');
  await move(ledger, takenAtMs + 3_600_000);

  expect(await ledger.ramps.all()).toEqual([]);
  // Should it come back, it begins small.
  expect(await claim(ledger, FIRST, hosts(3, 1))).toBe('ramp');
});
