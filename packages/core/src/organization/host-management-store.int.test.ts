import { anAccountId, aTarget, NOW_MS, seededRandom } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { HOST_MANAGEMENT_STATES, type HostManagement } from './host-management.ts';
import { targetId } from './target.ts';

const bench = useLedgerBench();

function off(hosts: number, facts: Partial<HostManagement> = {}): HostManagement {
  return { state: 'off', hosts, withoutProfile: hosts, askAgainAtMs: NOW_MS, ...facts };
}

test('what was put is read again, and nothing of a target without unmanaged hosts', async () => {
  const { ledger } = bench.create();
  const { hostManagement } = ledger;

  await hostManagement.put(aTarget(1), off(3));

  expect(await hostManagement.read(aTarget(1))).toEqual({ known: off(3), deniedUntilMs: null });
  expect(await hostManagement.read(aTarget(2))).toEqual({ known: null, deniedUntilMs: null });

  await hostManagement.put(aTarget(1), null);

  expect((await hostManagement.read(aTarget(1))).known).toBeNull();
  expect((await hostManagement.sum()).byState.off).toEqual({ targets: 0, hosts: 0, withoutProfile: 0 });
});

test('since when it is off in some target stands while one of them is left', async () => {
  const { ledger, time } = bench.create();
  const { hostManagement } = ledger;
  time.hold(NOW_MS);
  await hostManagement.put(aTarget(1), off(3));
  time.advance(60_000);
  await hostManagement.put(aTarget(2), off(5));
  await hostManagement.put(aTarget(1), off(0, { state: 'on' }));

  expect((await hostManagement.sum()).offSinceMs).toBe(NOW_MS);

  await hostManagement.put(aTarget(2), null);
  expect((await hostManagement.sum()).offSinceMs).toBeNull();
});

test('a role that may not ask is remembered for its whole account, until it may', async () => {
  const { hostManagement } = bench.create().ledger;
  const target = aTarget(1);

  await hostManagement.putDenied(target.accountId, NOW_MS);
  expect((await hostManagement.read(target)).deniedUntilMs).toBe(NOW_MS);

  await hostManagement.putDenied(target.accountId, null);
  expect((await hostManagement.read(target)).deniedUntilMs).toBeNull();
});

test('the sums and the order are those of the targets, whatever is put in whatever order', async () => {
  const { hostManagement } = bench.create().ledger;
  const random = seededRandom(11);
  const truth = new Map<string, HostManagement>();
  const targets = Array.from({ length: 12 }, (_, n) => ({ ...aTarget(1), accountId: anAccountId(n) }));

  for (let step = 0; step < 200; step += 1) {
    const target = targets[Math.floor(random() * targets.length)];
    if (target === undefined) throw new Error('there is a target');
    const state = HOST_MANAGEMENT_STATES[Math.floor(random() * 4)];
    if (state === undefined) {
      truth.delete(targetId(target));
      await hostManagement.put(target, null);
      continue;
    }
    const hosts = 1 + Math.floor(random() * 100);
    const value = off(hosts, { state, withoutProfile: Math.floor(random() * hosts) });
    truth.set(targetId(target), value);
    await hostManagement.put(target, value);
  }

  const { byState, most } = await hostManagement.sum();
  for (const state of HOST_MANAGEMENT_STATES) {
    const those = [...truth.values()].filter((one) => one.state === state);
    expect(byState[state]).toEqual({
      targets: those.length,
      hosts: those.reduce((sum, { hosts }) => sum + hosts, 0),
      withoutProfile: those.reduce((sum, { withoutProfile }) => sum + withoutProfile, 0),
    });
  }
  const lacking = await hostManagement.lacking();
  expect(new Map(lacking.map((one) => [targetId(one), one.hosts]))).toEqual(
    new Map([...truth].filter(([, { state }]) => state === 'off').map(([id, { hosts }]) => [id, hosts])),
  );
  expect(lacking.map(({ hosts }) => hosts)).toEqual(
    lacking.map(({ hosts }) => hosts).toSorted((a, b) => b - a),
  );
  expect(most.map(({ hosts }) => hosts)).toEqual(lacking.slice(0, 3).map(({ hosts }) => hosts));
});

test('what another client wrote is no target, and its words are asked for anew', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.hset(keys.hostManagement, targetId(aTarget(1)), 'off|many|0|0');
  await redis.zadd(keys.hostManagementOff, 5, '111122223333.eu-west-1; rm -rf /', 4, targetId(aTarget(1)));

  expect((await ledger.hostManagement.read(aTarget(1))).known).toBeNull();
  expect((await ledger.hostManagement.lacking()).map(targetId)).toEqual([targetId(aTarget(1))]);
});
