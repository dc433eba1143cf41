import { aBatchId, anInstanceId, anIntent, aTarget, NOW_MS, seededRandom } from '@muster/testing/builders';
import { adoptBatch, claimRoom, endBatch } from '@muster/testing/in-flight';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Finding, Pause } from './findings.ts';
import { targetId } from '../organization/target.ts';

const bench = useLedgerBench();

const target = aTarget();
const CAPS = { all: 10, account: 6, target: 4 };

function aPause(scope: Pause['scope']): Pause {
  return { scope, atMs: NOW_MS, by: 'operator', reason: 'maintenance' };
}

function aFinding(facts: Partial<Finding> = {}): Finding {
  return { kind: 'config-skew', scope: 'all', sinceMs: NOW_MS, message: 'm', remedy: 'r', ...facts };
}

test('a pause stands until it is resumed, once per scope', async () => {
  const { control } = bench.create().ledger;
  const later = { ...aPause('all'), reason: 'still' };
  await control.pause(aPause('all'));
  await control.pause(later);
  await control.pause(aPause('account:100000000000' as Pause['scope']));

  expect(await control.pauses()).toHaveLength(2);
  expect(await control.pauses()).toContainEqual(later);
  expect(await control.resume('all')).toBe(true);
  expect(await control.resume('all')).toBe(false);
  expect(await control.pauses()).toHaveLength(1);
});

test('the first hold stands until released, and a configuration without one never holds', async () => {
  const { control } = bench.create().ledger;

  expect(await control.hold(true)).toBe('held');
  expect(await control.hold(false)).toBe('released');
  expect(await control.hold(true)).toBe('held');
  await control.releaseHold();
  expect(await control.hold(true)).toBe('released');
});

test.each([
  ['the target', { all: 99, account: 99, target: 4 }],
  ['the account', { all: 99, account: 4, target: 99 }],
  ['all', { all: 4, account: 99, target: 99 }],
])('no more than the cap of %s is granted', async (_what, caps) => {
  const { ledger } = bench.create();

  expect(await claimRoom(ledger, target, aBatchId(1), 3, caps)).toBe(3);
  expect(await claimRoom(ledger, target, aBatchId(2), 3, caps)).toBe(1);
  expect(await claimRoom(ledger, target, aBatchId(3), 3, caps)).toBe(0);
});

test('caps of an account and of all count other targets, and those of a target do not', async () => {
  const { ledger } = bench.create();

  expect(await claimRoom(ledger, target, aBatchId(1), 4, CAPS)).toBe(4);
  expect(await claimRoom(ledger, aTarget(0, 'us-east-1'), aBatchId(2), 4, CAPS)).toBe(2);
  expect(await claimRoom(ledger, aTarget(1), aBatchId(3), 4, CAPS)).toBe(4);
  expect(await claimRoom(ledger, aTarget(2), aBatchId(4), 4, CAPS)).toBe(0);
});

test('a cap that was lowered below what is in flight grants nothing and takes nothing back', async () => {
  const { ledger } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 4, CAPS);

  expect(await claimRoom(ledger, target, aBatchId(2), 1, { ...CAPS, target: 2 })).toBe(0);

  expect(await ledger.control.reservations()).toEqual([
    { target, batchId: aBatchId(1), instances: 4, isAdopted: false },
  ]);
});

test('releasing twice gives back once', async () => {
  const { ledger } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 2, CAPS);
  await claimRoom(ledger, target, aBatchId(2), 2, CAPS);

  await endBatch(ledger, target, aBatchId(1));
  await endBatch(ledger, target, aBatchId(1));
  await endBatch(ledger, target, aBatchId(99));

  expect(await claimRoom(ledger, target, aBatchId(3), 9, CAPS)).toBe(2);
});

test('the same claim again, as after a lost answer, takes no more room', async () => {
  const { ledger } = bench.create();

  expect(await claimRoom(ledger, target, aBatchId(1), 3, CAPS)).toBe(3);
  expect(await claimRoom(ledger, target, aBatchId(1), 3, CAPS)).toBe(0);
  await endBatch(ledger, target, aBatchId(1));

  expect(await claimRoom(ledger, target, aBatchId(2), 9, CAPS)).toBe(4);
});

test('a claim for which the room is gone meanwhile is refused whole', async () => {
  const { ledger } = bench.create();
  const intent = (n: number) => ({
    batchId: aBatchId(n),
    expected: 0,
    value: anIntent({ batchId: aBatchId(n), instanceIds: [1, 2, 3].map(anInstanceId) }),
  });
  const claim = (n: number) => ledger.enrollments.write(target, 'all', [], [intent(n)], { caps: CAPS });

  expect(await claim(1)).toEqual(['written']);
  expect(await claim(2)).toEqual(['full']);

  expect(await ledger.enrollments.intents(target)).toHaveLength(1);
  expect(await ledger.control.reservations()).toHaveLength(1);
});

test.each(['NaN', '-5000', '1e300', ''])(
  'a sum or an entry that is no count (%j) lifts no cap and stops no send: sums are made anew',
  async (forged) => {
    const { ledger, redis, keys } = bench.create();
    const caps = { all: 10, account: 10, target: 10 };
    await claimRoom(ledger, target, aBatchId(1), 7, caps);
    await adoptBatch(ledger, target, aBatchId(2), 1);
    await redis.hset(keys.inFlight, { total: forged, [`a:${target.accountId}`]: forged });
    await redis.hset(keys.inFlight, `${targetId(target)}/${aBatchId(3)}`, forged);

    expect(await claimRoom(ledger, target, aBatchId(4), 7, caps)).toBe(2);

    await redis.hset(keys.inFlight, 'total', forged);
    await endBatch(ledger, target, aBatchId(1));
    await endBatch(ledger, target, aBatchId(2));
    await endBatch(ledger, target, aBatchId(4));
    expect(await claimRoom(ledger, target, aBatchId(5), 10, caps)).toBe(10);
  },
);

test('what is adopted counts for its account and target, never for all, and is given back once', async () => {
  const { ledger } = bench.create();
  const target = aTarget(0);
  await adoptBatch(ledger, target, aBatchId(1), 100);
  await adoptBatch(ledger, target, aBatchId(1), 100);

  expect(await claimRoom(ledger, target, aBatchId(2), 4, CAPS)).toBe(0);
  expect(await claimRoom(ledger, aTarget(1), aBatchId(3), 4, CAPS)).toBe(4);
  expect(await ledger.control.reservations()).toContainEqual({
    target,
    batchId: aBatchId(1),
    instances: 100,
    isAdopted: true,
  });

  await endBatch(ledger, target, aBatchId(1));
  await endBatch(ledger, target, aBatchId(1));
  expect(await claimRoom(ledger, target, aBatchId(2), 4, CAPS)).toBe(4);
});

test('when all is released nothing is left behind', async () => {
  const one = bench.create();
  await claimRoom(one.ledger, target, aBatchId(1), 2, CAPS);
  await endBatch(one.ledger, target, aBatchId(1));

  expect(await one.redis.exists(one.keys.inFlight)).toBe(0);
  expect(await one.ledger.control.reservations()).toEqual([]);
});

test.each([21, 22, 23])(
  'the caps hold at every moment under concurrent reservations and releases (seed %i)',
  async (seed) => {
    const one = bench.create();
    const targets = [aTarget(0), aTarget(0, 'us-east-1'), aTarget(1), aTarget(2)];
    const stop = new AbortController();
    let peak = 0;

    async function reserveAndRelease(worker: number): Promise<void> {
      const ledger = one.another();
      const random = seededRandom(seed * 10 + worker);
      for (let turn = 0; turn < 120; turn += 1) {
        const place = targets[Math.floor(random() * targets.length)] ?? target;
        const batchId = aBatchId(worker * 1_000 + turn);
        const wanted = 1 + Math.floor(random() * 6);
        const granted = await claimRoom(ledger, place, batchId, wanted, CAPS);
        expect(granted).toBeLessThanOrEqual(wanted);
        if (random() < 0.9 || granted === 0) await endBatch(ledger, place, batchId);
        if (random() < 0.2) await endBatch(ledger, place, batchId);
        if (granted > 0 && random() < 0.9) await endBatch(ledger, place, batchId);
      }
    }
    async function watch(): Promise<void> {
      while (!stop.signal.aborted) {
        const fields = await one.redis.hgetall(one.keys.inFlight);
        const sums = new Map<string, number>();
        const add = (name: string, count: number) => sums.set(name, (sums.get(name) ?? 0) + count);
        for (const [field, count] of Object.entries(fields)) {
          const slash = field.indexOf('/');
          if (slash === -1) continue;
          const id = field.slice(0, slash);
          add('total', Number(count));
          add(`a:${id.slice(0, 12)}`, Number(count));
          add(`t:${id}`, Number(count));
        }
        for (const [name, sum] of sums) {
          expect(Number(fields[name])).toBe(sum);
          const cap = name === 'total' ? CAPS.all : name.startsWith('a:') ? CAPS.account : CAPS.target;
          expect(sum).toBeLessThanOrEqual(cap);
        }
        // A sum without an entry would be room that no process can ever give back.
        const kept = Object.keys(fields).filter((field) => !/\/|^blocked:/.test(field));
        expect(kept).toHaveLength(sums.size);
        peak = Math.max(peak, sums.get('total') ?? 0);
      }
    }
    const watching = watch();
    await Promise.all(Array.from({ length: 6 }, (_, worker) => reserveAndRelease(worker)));
    stop.abort();
    await watching;

    expect(peak).toBeGreaterThan(CAPS.target);
  },
);

test('a finding is raised once per kind and scope, keeps the time it was first seen, and is cleared', async () => {
  const { control } = bench.create().ledger;
  await control.raise(aFinding());
  await control.raise(aFinding({ sinceMs: NOW_MS + 5, message: 'worse' }));
  await control.raise(aFinding({ scope: '100000000000.eu-west-1' }));

  expect(await control.findings()).toHaveLength(2);
  expect(await control.findings()).toContainEqual(aFinding({ message: 'worse' }));
  await control.clear('config-skew', 'all');
  expect(await control.findings()).toEqual([aFinding({ scope: '100000000000.eu-west-1' })]);
  await control.clear('config-skew', 'all');
});

test('a pause that cannot be read still pauses its scope', async () => {
  const one = bench.create();
  await one.redis.hset(one.keys.pauses, 'region:eu-west-1', '{"scope":"region:eu-we');

  expect(await one.ledger.control.pauses()).toMatchObject([{ scope: 'region:eu-west-1', by: 'operator' }]);
});

test('a finding that cannot be read does not hide the others', async () => {
  const one = bench.create();
  await one.ledger.control.raise(aFinding());
  await one.redis.hset(one.keys.findings, 'x', 'not JSON');

  expect(await one.ledger.control.findings()).toEqual([aFinding()]);
});

test('all processes agree on the epoch, and it stays the same', async () => {
  const one = bench.create();

  const epochs = await Promise.all(Array.from({ length: 6 }, () => one.another().control.epoch()));

  expect(new Set([...epochs, await one.ledger.control.epoch()]).size).toBe(1);
});

test('the epoch changes when the ledger was emptied', async () => {
  const one = bench.create();
  const before = await one.ledger.control.epoch();

  await one.redis.flushall();

  const after = await one.ledger.control.epoch();
  expect(after).not.toBe(before);
  expect(await one.ledger.control.epoch()).toBe(after);
});

test('the first sight of an epoch is the one that counts, for every process', async () => {
  const one = bench.create();

  one.time.hold(NOW_MS);
  expect(await one.ledger.control.epochSeenAt('e1')).toBe(NOW_MS);
  one.time.hold(NOW_MS + 60_000);
  expect(await one.another().control.epochSeenAt('e1')).toBe(NOW_MS);
  expect(await one.ledger.control.epochSeenAt('e2')).toBe(NOW_MS + 60_000);
});
