import { anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { anOperator } from '../control/actions/act.fixture.ts';
import { explainInstance } from './explain-instance.ts';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';

const bench = useLedgerBench();
const config = parsedSystemConfig(OFFLINE_FACTS, {});

/** One failed instance in each of so many targets. */
async function seed({ ledger }: TestLedger, targets: number): Promise<void> {
  for (let n = 0; n < targets; n += 1) {
    const instanceId = anInstanceId(n);
    const value = aRecord('failed', { instanceId });
    await ledger.enrollments.write(aTarget(n), 'each', [{ instanceId, expected: 0, value }], []);
  }
}

/** What replicas and Sentinels ask by themselves. */
const OF_OTHERS = new Set(['info', 'ping', 'publish', 'replconf']);

/** How many commands Redis runs meanwhile, those inside scripts too. */
async function commandsOf({ redis }: TestLedger, act: () => Promise<unknown>): Promise<number> {
  const count = async (): Promise<number> => {
    const stats = [...(await redis.info('commandstats')).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
    const ours = stats.filter(([, name = '']) => !OF_OTHERS.has(name));
    return ours.reduce((sum, [, , calls]) => sum + Number(calls), 0);
  };
  const before = await count();
  await act();
  return (await count()) - before;
}

test('a question about one instance, and its retry, cost the same among 5 targets and among 300', async () => {
  const costs = { explain: new Set<number>(), retry: new Set<number>() };
  for (const targets of [5, 300]) {
    const one = bench.create();
    await seed(one, targets);
    const { ledger } = one;
    const id = anInstanceId(3);
    const explain = () => explainInstance({ ledger, config, nowMs: NOW_MS }, id);
    const operator = anOperator(ledger);
    const retry = (value = id) =>
      operator.act('retry', { kind: 'scope', scope: { kind: 'instance', value } });
    // Once before, so that its scripts are known.
    await explain();
    await retry(anInstanceId(4));
    costs.explain.add(
      await commandsOf(one, async () => expect(await explain()).toMatchObject({ state: 'failed' })),
    );
    costs.retry.add(
      await commandsOf(one, async () => expect(await retry()).toMatchObject({ accounts: 1, hosts: 1 })),
    );
  }

  expect(costs.explain.size).toBe(1);
  expect(costs.retry.size).toBe(1);
});

test('an instance that scans see and keep no record of is found by its target too', async () => {
  const { ledger } = bench.create();
  const [target, id] = [aTarget(7), anInstanceId(9)];
  const explain = () => explainInstance({ ledger, config, nowMs: NOW_MS }, id);
  expect(await explain()).toBeNull();

  await ledger.enrollments.putBystanders(target, new Map([[id, 'opted-out']]));
  expect(await explain()).toMatchObject({ ...target, state: 'opted-out' });

  await ledger.enrollments.putBystanders(target, new Map());
  expect(await explain()).toBeNull();
});
