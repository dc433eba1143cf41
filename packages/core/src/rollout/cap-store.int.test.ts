/** Places under the caps: whatever claims and ends, however often and however many at once, the sums are those of the places. */
import {
  aBatchId,
  anInstanceId,
  anIntent,
  aRecord,
  aTarget,
  NOW_MS,
  seededRandom,
} from '@muster/testing/builders';
import { adoptBatch, claimRoom, endBatch, installBatch } from '@muster/testing/in-flight';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Ledger } from '../control/ledger.ts';
import type { EnrollmentRecord } from '../enrollment/record.ts';
import type { InstanceId } from '../organization/ids.ts';
import { targetId } from '../organization/target.ts';

const bench = useLedgerBench();

const target = aTarget();
const CAPS = { all: 10, account: 6, target: 4 };
const A = anInstanceId(1);

/** Writes a record over whatever stands there. */
async function move(ledger: Ledger, value: EnrollmentRecord): Promise<void> {
  const { instanceId } = value;
  const expected = (await ledger.enrollments.read(target, [instanceId])).get(instanceId)?.version ?? 0;
  await ledger.enrollments.write(target, 'each', [{ instanceId, expected, value }], []);
}

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

  expect(await ledger.caps.places()).toHaveLength(4);
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
  const claim = (n: number) =>
    ledger.enrollments.write(
      target,
      'all',
      [3 * n, 3 * n + 1, 3 * n + 2].map((id) => ({
        instanceId: anInstanceId(id),
        expected: 0,
        value: { ...aRecord('sending'), instanceId: anInstanceId(id), batchId: aBatchId(n) },
      })),
      [{ batchId: aBatchId(n), expected: 0, value: anIntent({ batchId: aBatchId(n) }) }],
      { caps: CAPS },
    );

  expect(new Set(await claim(1))).toEqual(new Set(['written']));
  expect(new Set(await claim(2))).toEqual(new Set(['full']));

  expect(await ledger.enrollments.intents(target)).toHaveLength(1);
  expect(await ledger.caps.places()).toHaveLength(3);
});

test.each(['?', 'w:canary:sending'])(
  'a wave whose count is not known (%s) lets in none until it is counted anew',
  async (field) => {
    const { ledger, redis, keys } = bench.create();
    const caps = { all: 99, account: 99, target: 99, wave: { name: 'canary', inFlight: 2 } };
    const claim = async (n: number) => {
      const value = {
        ...aRecord('sending'),
        instanceId: anInstanceId(n),
        batchId: aBatchId(n),
        wave: 'canary',
      };
      const record = { instanceId: value.instanceId, expected: 0, value };
      const intent = { batchId: aBatchId(n), expected: 0, value: anIntent({ batchId: aBatchId(n) }) };
      return (await ledger.enrollments.write(target, 'all', [record], [intent], { caps }))[0];
    };
    expect(await claim(1)).toBe('written');
    await redis.hset(keys.counts, field, 'none');

    expect(await claim(2)).toBe('full');
    await ledger.enrollments.counts();

    expect([await claim(2), await claim(3)]).toEqual(['written', 'full']);
  },
);

test.each(['NaN', '-5000', '1e300', ''])(
  'a sum or an entry that is no count (%j) lifts no cap and stops no send: sums are made anew',
  async (forged) => {
    const { ledger, redis, keys } = bench.create();
    const caps = { all: 10, account: 10, target: 10 };
    await claimRoom(ledger, target, aBatchId(1), 7, caps);
    await adoptBatch(ledger, target, aBatchId(2), 1);
    await redis.hset(keys.places, { total: forged, [`a:${target.accountId}`]: forged });
    await redis.hset(keys.places, anInstanceId(1), forged);

    expect(await claimRoom(ledger, target, aBatchId(4), 7, caps)).toBe(2);

    await redis.hset(keys.places, 'total', forged);
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
  const places = await ledger.caps.places();
  expect(places.filter(({ kind }) => kind === 'adopted')).toHaveLength(100);

  await endBatch(ledger, target, aBatchId(1));
  await endBatch(ledger, target, aBatchId(1));
  expect(await claimRoom(ledger, target, aBatchId(2), 4, CAPS)).toBe(4);
});

test('a host holds its place until it has joined or failed, and not only while its command runs', async () => {
  const { ledger } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 4, CAPS);
  const [joins = A, fails = A, stops = A] = await installBatch(ledger, target, aBatchId(1));
  expect(await claimRoom(ledger, target, aBatchId(2), 4, CAPS)).toBe(0);

  await move(ledger, { ...aRecord('joined'), instanceId: joins });
  expect((await ledger.caps.room(target, CAPS)).hosts).toBe(1);
  await move(ledger, { ...aRecord('failed'), instanceId: fails });
  await move(ledger, { ...aRecord('stopped'), instanceId: stops });
  expect((await ledger.caps.room(target, CAPS)).hosts).toBe(3);
  // Back from its stop, and waiting for its node as before it.
  await move(ledger, { ...aRecord('installed'), instanceId: stops, joinDeadlineMs: NOW_MS + 900_000 });
  expect((await ledger.caps.room(target, CAPS)).hosts).toBe(3);
});

test('without an inventory a host ends with its command', async () => {
  const { ledger } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 4, CAPS);
  const [host = A] = (await ledger.caps.places()).map(({ instanceId }) => instanceId);

  await move(ledger, { ...aRecord('installed'), instanceId: host, joinDeadlineMs: null });

  expect(await ledger.caps.places()).toHaveLength(3);
});

test('repairs count under a cap of their own, and under the others', async () => {
  const { ledger } = bench.create();
  const caps = { all: 10, account: 10, target: 10 };

  expect(await claimRoom(ledger, target, aBatchId(1), 9, { ...caps, repair: 3 })).toBe(3);
  expect(await claimRoom(ledger, aTarget(1), aBatchId(2), 9, { ...caps, repair: 3 })).toBe(0);
  expect(await claimRoom(ledger, aTarget(1), aBatchId(3), 9, caps)).toBe(7);

  expect(await ledger.caps.blocked()).toMatchObject([{ cap: 'repair', inFlight: 3 }]);
  await endBatch(ledger, target, aBatchId(1));
  expect(await claimRoom(ledger, target, aBatchId(4), 2, { ...caps, repair: 3 })).toBe(2);
});

test('a record in a state of a newer release changes no place', async () => {
  const { ledger, redis, keys } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 1, CAPS);
  const [host = A] = (await ledger.caps.places()).map(({ instanceId }) => instanceId);
  const [, state] = ((await redis.hget(keys.target(target).instances, host)) ?? '').split('|');
  expect(state).toBe('sending');

  await redis.hset(keys.target(target).instances, host, `7|canceling||||{"state":"canceling"}`);
  expect(await claimRoom(ledger, target, aBatchId(2), 9, { ...CAPS, target: 1 })).toBe(0);

  expect(await ledger.caps.places()).toHaveLength(1);
});

test('a place that no record holds any more, as a process of the release before leaves it, is given back when a cap is full', async () => {
  const { ledger, redis, keys } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 4, CAPS);
  const [first = A, second = A] = (await ledger.caps.places()).map(({ instanceId }) => instanceId);
  const text = (await redis.hget(keys.target(target).instances, second)) ?? '';
  await redis.hdel(keys.target(target).instances, first);
  await redis.hset(keys.target(target).instances, second, text.replace('|sending|', '|joined|'));

  expect((await ledger.caps.room(target, CAPS)).hosts).toBe(2);
});

test('of a ledger whose release counted batches, the hosts under way have their places before the first claim', async () => {
  const { ledger, redis, keys } = bench.create();
  const records = [
    { ...aRecord('sending'), instanceId: anInstanceId(1) },
    { ...aRecord('installing'), instanceId: anInstanceId(2) },
    { ...aRecord('installing'), instanceId: anInstanceId(3), batchId: aBatchId(9) },
    { ...aRecord('installed'), instanceId: anInstanceId(4), joinDeadlineMs: NOW_MS },
    { ...aRecord('installed', { joinedAtMs: 1 }), instanceId: anInstanceId(5), joinDeadlineMs: NOW_MS },
    { ...aRecord('joined'), instanceId: anInstanceId(6) },
  ];
  for (const record of records) await move(ledger, record);
  const adopted = anIntent({ batchId: aBatchId(9), instanceIds: [anInstanceId(3)], epoch: 'adopted' });
  await ledger.enrollments.write(target, 'all', [], [{ batchId: aBatchId(9), expected: 0, value: adopted }]);
  const older = `${targetId(target)}/${aBatchId(9)}`;
  await redis.del(keys.places);
  await redis.hset(keys.inFlight, { [older]: 1, total: 1 });

  expect((await ledger.caps.room(target, { all: 99, account: 99, target: 5 })).hosts).toBe(1);

  const kinds = (await ledger.caps.places()).map(({ instanceId, kind }) => [instanceId, kind]);
  expect(new Map(kinds as [InstanceId, string][])).toEqual(
    new Map([
      [anInstanceId(1), 'install'],
      [anInstanceId(2), 'install'],
      [anInstanceId(3), 'adopted'],
      [anInstanceId(4), 'install'],
    ]),
  );
  // The release before, beside this one, finds no room of an intent that this one closed.
  await ledger.enrollments.write(target, 'all', [], [{ batchId: aBatchId(9), expected: 1, value: null }]);
  expect(await redis.hgetall(keys.inFlight)).toEqual({ total: '?' });
});

test('when all is released nothing is left behind', async () => {
  const one = bench.create();
  await claimRoom(one.ledger, target, aBatchId(1), 2, CAPS);
  await endBatch(one.ledger, target, aBatchId(1));

  expect(await one.redis.hkeys(one.keys.places)).toEqual(['made']);
  expect(await one.ledger.caps.places()).toEqual([]);
});

test.each([21, 22, 23])(
  'the caps hold at every moment under concurrent claims and ends (seed %i)',
  async (seed) => {
    const one = bench.create();
    const targets = [aTarget(0), aTarget(0, 'us-east-1'), aTarget(1), aTarget(2)];
    const stop = new AbortController();
    let peak = 0;

    async function claimAndEnd(worker: number): Promise<void> {
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
        const fields = await one.redis.hgetall(one.keys.places);
        const sums = new Map<string, number>();
        const add = (name: string) => sums.set(name, (sums.get(name) ?? 0) + 1);
        for (const [field, text] of Object.entries(fields)) {
          if (!field.startsWith('i-')) continue;
          const [id = ''] = text.split('|');
          for (const name of ['total', `a:${id.slice(0, 12)}`, `t:${id}`]) add(name);
        }
        for (const [name, sum] of sums) {
          expect(Number(fields[name])).toBe(sum);
          const cap = name === 'total' ? CAPS.all : name.startsWith('a:') ? CAPS.account : CAPS.target;
          expect(sum).toBeLessThanOrEqual(cap);
        }
        // A sum without an entry would be room that no process can ever give back.
        const kept = Object.keys(fields).filter((field) => !/^i-|^blocked:|^made$|^reviewed$/.test(field));
        expect(kept).toHaveLength(sums.size);
        peak = Math.max(peak, sums.get('total') ?? 0);
      }
    }
    const watching = watch();
    await Promise.all(Array.from({ length: 6 }, (_, worker) => claimAndEnd(worker)));
    stop.abort();
    await watching;

    expect(peak).toBeGreaterThan(CAPS.target);
  },
);

test('targets that wait for the same look again in turns, however many there are', async () => {
  const { ledger } = bench.create();
  const pace = { atLeastMs: 1_000, apartMs: 200 };

  const waits: number[] = [];
  for (let n = 0; n < 20; n += 1) waits.push(await ledger.caps.nextTurnMs(['total'], pace));

  expect(waits[0]).toBe(1_000);
  for (const [n, waitMs] of waits.entries()) expect(waitMs).toBeLessThanOrEqual(1_000 + n * 200);
  expect(waits.at(-1)).toBeGreaterThan(1_000 + 19 * 200 - 1_000);
  expect(await ledger.caps.nextTurnMs(['a:100000000001'], pace)).toBe(1_000);
  expect(await ledger.caps.nextTurnMs(['a:100000000001', 'total'], pace)).toBeGreaterThan(3_000);
  expect(await ledger.caps.nextTurnMs([], pace)).toBe(1_000);
});

test.each(['9'.repeat(20), 'soon', '-1', ''])(
  'a turn of %j, which Muster does not write, holds a target up for an hour at most',
  async (text) => {
    const { ledger, redis, keys } = bench.create();
    await redis.hset(keys.turns, 'total', text);

    const waitMs = await ledger.caps.nextTurnMs(['total'], { atLeastMs: 1_000, apartMs: 50 });

    expect(waitMs).toBeGreaterThanOrEqual(1_000);
    expect(waitMs).toBeLessThanOrEqual(3_600_000);
  },
);

test('what has no room is named by what other targets wait for, too', async () => {
  const { ledger } = bench.create();
  await claimRoom(ledger, target, aBatchId(1), 4, CAPS);
  await claimRoom(ledger, aTarget(0, 'us-east-1'), aBatchId(2), 2, CAPS);

  expect(await ledger.caps.room(aTarget(1), CAPS)).toEqual({ hosts: 4, full: [] });
  expect(await ledger.caps.room(target, CAPS)).toEqual({ hosts: 0, full: [`a:${target.accountId}`] });
  expect(await ledger.caps.room(target, { ...CAPS, account: 99 })).toEqual({ hosts: 0, full: [] });
});
