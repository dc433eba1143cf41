import type { Ledger } from '@muster/core/control/ledger';
import type { InstanceId } from '@muster/core/organization/ids';
import { aCoverage, anInstanceId, aRecord, aTarget, NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { awaitSettled } from './run.ts';

const ledgers = useLedgerBench();
const config = parsedSystemConfig(OFFLINE_FACTS, { muster: { inventory: { source: 'none' } } });
const target = aTarget();
const [PAUSED, FREE] = [anInstanceId(1), anInstanceId(2)];

/** What a worker does with a host meanwhile. */
async function take(ledger: Ledger, instanceId: InstanceId, state: 'sending' | 'failed'): Promise<void> {
  const expected = (await ledger.enrollments.readAll(target)).get(instanceId)?.version ?? 0;
  const value = { ...aRecord(state), instanceId };
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected, value }], []);
}

/** A finished sweep, and two queued hosts, of which an operator has paused one. */
async function startWaiting(): Promise<Ledger> {
  const { ledger, time } = ledgers.create();
  time.hold(NOW_MS);
  const { accountId, region } = target;
  await ledger.coverage.startSweep('01JSWEEP');
  await ledger.coverage.putAccounts([{ accountId, name: 'a', state: 'ACTIVE', ancestorIds: [] }]);
  await ledger.coverage.endAccountListing('01JSWEEP', NOW_MS, null, 0);
  await ledger.coverage.putRegions(accountId, [region], NOW_MS);
  await ledger.coverage.put(target, aCoverage({ attemptedAtMs: NOW_MS + 1 }));
  for (const instanceId of [PAUSED, FREE]) {
    const value = { ...aRecord('queued'), instanceId };
    await ledger.enrollments.write(target, 'each', [{ instanceId, expected: 0, value }], []);
  }
  await ledger.control.pause({ scope: `instance:${PAUSED}`, atMs: NOW_MS, by: 'operator', reason: '' });
  return ledger;
}

test('a run whose only queued host is paused ends, and names the pause', async () => {
  const ledger = await startWaiting();
  await take(ledger, FREE, 'failed');

  const settled = await awaitSettled(ledger, config, AbortSignal.timeout(10_000));

  expect(settled?.waiting).toMatchObject([{ reason: 'paused', scope: `instance:${PAUSED}`, instances: 1 }]);
});

test('a run goes on when a worker takes up a host between the look at the counts and that at the hosts', async () => {
  const ledger = await startWaiting();
  const { enrollments } = ledger;
  const racing: Ledger = {
    ...ledger,
    enrollments: {
      ...enrollments,
      readAll: async (one) => {
        await take(ledger, FREE, 'sending');
        return enrollments.readAll(one);
      },
    },
  };

  expect(await awaitSettled(racing, config, AbortSignal.timeout(2_000))).toBeNull();
});
