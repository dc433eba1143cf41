import { createClock } from '@muster/core/runtime/clock';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { listInstances } from './instance-list.ts';

const bench = useLedgerBench();

test('the few that failed among many are found without a look at the targets of the others', async () => {
  const { ledger } = bench.create();
  for (let n = 0; n < 60; n += 1) {
    const instanceId = anInstanceId(n);
    const value = n % 20 === 19 ? aRecord('failed', { instanceId }) : aRecord('joined', { instanceId });
    await ledger.enrollments.write(aTarget(n), 'each', [{ instanceId, expected: 0, value }], []);
  }
  const list = (query: Partial<Parameters<typeof listInstances>[1]>) =>
    listInstances({ ledger, clock: createClock() }, { limit: 100, ...query }, new AbortController().signal);

  const { states } = await ledger.enrollments.counts();
  const failed = await list({ state: 'failed' });
  const caused = await list({ cause: 'ec2-ssm-script-failure', account: aTarget(39).accountId });

  expect(failed.rows).toHaveLength(states.get('failed') ?? 0);
  expect(failed).toMatchObject({ more: false, targets: 3, targetsRead: 3 });
  expect(caused.rows.map(({ instanceId }) => instanceId)).toEqual([anInstanceId(39)]);
  expect(caused.targets).toBe(1);
});
