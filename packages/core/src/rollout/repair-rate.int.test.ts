/** Repairs within an hour: whatever claims, ends and is refused, at most so many are sent in any hour. */
import { aBatchId, aRecord, aTarget, anInstanceId, seededRandom } from '@muster/testing/builders';
import { claimRoom, endBatch, installBatch } from '@muster/testing/in-flight';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { describe, expect, test } from 'vitest';
import type { RepairLimits } from './cap-store.ts';

const bench = useLedgerBench();

const HOUR_MS = 3_600_000;
const MINUTE_MS = HOUR_MS / 60;
const LIMITS: RepairLimits = { inFlight: 100, perHour: 10, hourMs: HOUR_MS };
const CAPS = { all: 1_000, account: 1_000, target: 1_000, repair: LIMITS.inFlight, repairRate: LIMITS };

/** Claims up to `wanted` repairs, as a worker does: the room is asked for first. @returns how many */
async function repair({ ledger }: TestLedger, batch: number, wanted: number): Promise<number> {
  const { room } = await ledger.caps.repairRoom(LIMITS);
  const hosts = Math.min(room, wanted);
  return hosts === 0 ? 0 : claimRoom(ledger, aTarget(batch), aBatchId(batch), hosts, CAPS);
}

test('no more repairs than the limit begin within an hour, and the hour says when more may', async () => {
  const one = bench.create();
  one.time.hold(1_800_000_000_000);
  expect(await repair(one, 1, 7)).toBe(7);
  one.time.advance(30 * MINUTE_MS);
  expect(await repair(one, 2, 7)).toBe(3);

  const full = await one.ledger.caps.repairRoom(LIMITS);
  expect(full).toMatchObject({ room: 0, full: 'hour' });
  one.time.hold((full.untilMs ?? 0) - 1);
  expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 0 });
  one.time.advance(1);

  expect(await one.ledger.caps.repairRoom(LIMITS)).toEqual({ room: 7, full: null, untilMs: null });
});

test('a claim of more repairs than are left is refused whole, also when the room was read before', async () => {
  const one = bench.create();
  const { ledger } = one;
  await repair(one, 1, 8);

  expect(await claimRoom(ledger, aTarget(2), aBatchId(2), 3, CAPS)).toBe(0);
  expect(await claimRoom(ledger, aTarget(2), aBatchId(3), 2, CAPS)).toBe(2);

  expect(await ledger.caps.places()).toHaveLength(10);
});

test('installs are no repairs, and take nothing of the hour', async () => {
  const one = bench.create();
  const { repair: _, repairRate: __, ...caps } = CAPS;
  await claimRoom(one.ledger, aTarget(1), aBatchId(1), 20, caps);

  expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 10 });
});

test('the cap of those under way stands beside the hour', async () => {
  const one = bench.create();
  await repair(one, 1, 4);

  expect(await one.ledger.caps.repairRoom({ ...LIMITS, inFlight: 4 })).toEqual({
    room: 0,
    full: 'in-flight',
    untilMs: null,
  });
});

describe('a repair that was claimed', () => {
  test('and refused gives back what it took of the hour', async () => {
    const one = bench.create();
    const target = aTarget(1);
    await repair(one, 1, 4);

    await endBatch(one.ledger, target, aBatchId(1));

    expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 10 });
  });

  test('and refused late gives back its own, not one that was sent since', async () => {
    const one = bench.create();
    one.time.hold(1_800_000_000_000);
    await repair(one, 1, 5);
    one.time.advance(30 * MINUTE_MS);
    await repair(one, 2, 5);
    await installBatch(one.ledger, aTarget(2), aBatchId(2));

    await endBatch(one.ledger, aTarget(1), aBatchId(1));
    one.time.advance(40 * MINUTE_MS);

    expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 5 });
  });

  test('and sent does not, however it ends', async () => {
    const one = bench.create();
    const target = aTarget(1);
    await repair(one, 1, 1);
    const [place] = await one.ledger.caps.places();
    const instanceId = place?.instanceId ?? anInstanceId();
    for (const state of ['installing', 'failed'] as const) {
      const expected = (await one.ledger.enrollments.read(target, [instanceId])).get(instanceId)?.version;
      const value = aRecord(state, { instanceId });
      await one.ledger.enrollments.write(target, 'all', [{ instanceId, expected: expected ?? 0, value }], []);
    }

    expect(await one.ledger.caps.places()).toEqual([]);
    expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 9 });
  });
});

test.each([1, 2, 3, 4])(
  'in no hour do more begin than the limit, however claims and refusals come (seed %i)',
  async (seed) => {
    const one = bench.create();
    const random = seededRandom(seed);
    one.time.hold(1_800_000_000_000);
    const sentAtMs: number[] = [];
    for (let batch = 1; batch <= 60; batch += 1) {
      one.time.advance(Math.floor(random() * 20 * MINUTE_MS));
      const hosts = await repair(one, batch, 1 + Math.floor(random() * 5));
      if (hosts === 0) continue;
      if (random() < 0.3) await endBatch(one.ledger, aTarget(batch), aBatchId(batch));
      else {
        await installBatch(one.ledger, aTarget(batch), aBatchId(batch));
        sentAtMs.push(...Array.from({ length: hosts }, () => one.time.now()));
      }
    }

    const mostInAnHour = Math.max(
      ...sentAtMs.map(
        (fromMs) => sentAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + HOUR_MS).length,
      ),
    );
    expect(sentAtMs.length).toBeGreaterThan(20);
    expect(mostInAnHour).toBeLessThanOrEqual(LIMITS.perHour);
  },
);

test('what another client wrote into it counts for nothing', async () => {
  const one = bench.create();
  await repair(one, 1, 4);
  await one.redis.hset(one.keys.repairRate, { '29000000': 'many', nonsense: '7', '99999999999': '-5' });

  expect(await one.ledger.caps.repairRoom(LIMITS)).toMatchObject({ room: 6 });
});
