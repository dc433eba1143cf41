import { readCauseTrend, readHistory } from '@muster/core/history/read-history';
import { createClock } from '@muster/core/runtime/clock';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { type TestTime, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { createHistoryKeeper } from './keep-history.ts';

const bench = useLedgerBench();
const START_MS = Date.UTC(2026, 10, 22, 8);
const MINUTE_MS = 60_000;
const CONFIG = {
  speed: 1,
  paused: false,
  limits: {
    holdFirstSend: false,
    installsInFlight: 1,
    installsInFlightPerAccount: 1,
    installsInFlightPerTarget: 1,
  },
};

/** A process's clock that goes by the time of the test's Redis. */
function clockOf(time: TestTime) {
  return { ...createClock(), now: () => time.now() };
}

test('two schedulers keep one history, which begins with the first scan and has gaps where none of them ran', async () => {
  const one = bench.create();
  const { ledger, redis, keys, time } = one;
  time.hold(START_MS);
  const clock = clockOf(time);
  const keepers = [ledger, one.another()].map((each) =>
    createHistoryKeeper({ ledger: each, clock, speed: 1 }),
  );
  const look = () => Promise.all(keepers.map((keep) => keep()));
  await look();
  expect(await redis.hlen(keys.fineHistory)).toBe(0);
  const hosts = Array.from({ length: 20 }, (_, n) => aRecord('queued', { instanceId: anInstanceId(n) }));
  await ledger.enrollments.write(
    aTarget(),
    'each',
    hosts.map((value) => ({ instanceId: value.instanceId, expected: 0, value })),
    [],
  );
  await look();
  await look();
  // No scheduler runs for an hour, in which twelve hosts join.
  time.advance(60 * MINUTE_MS);
  const records = await ledger.enrollments.read(
    aTarget(),
    hosts.slice(0, 12).map(({ instanceId }) => instanceId),
  );
  const joined = [...records].map(([instanceId, { version }]) => ({
    instanceId,
    expected: version,
    value: aRecord('joined', { instanceId }),
  }));
  await ledger.enrollments.write(aTarget(), 'each', joined, []);
  await look();

  const read = (kind: 'state' | 'work') =>
    readHistory(ledger, CONFIG, { kind, fromMs: START_MS, toMs: time.now() }, time.now());
  const states = await read('state');
  const gap = Array.from({ length: 11 }, () => null);
  expect(states.series).toEqual([
    { name: 'joined', values: [0, ...gap, 12] },
    { name: 'queued', values: [20, ...gap, 8] },
  ]);
  // Eight are left, at twelve an hour.
  expect(states.endsAtMs).toBe(time.now() + 40 * MINUTE_MS);
  await ledger.control.pause({ scope: 'all', atMs: 0, by: 'operator', reason: '' });
  expect((await read('state')).endsAtMs).toBeNull();
  expect((await readCauseTrend(ledger, 1, time.now()))('ec2-join-failure')).toEqual({
    hourAgo: 0,
    dayAgo: null,
  });
});
