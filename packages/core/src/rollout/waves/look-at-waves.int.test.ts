/** When waves begin, on a real Redis and by its time: what a look finds, what it keeps, and whom it wakes. */
import {
  aCoverage,
  anAccountId,
  anInstanceId,
  aRecord,
  aTarget,
  aWave,
  NOW_MS,
} from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { EnrollmentState } from '../../enrollment/record.ts';
import type { Target } from '../../organization/target.ts';
import { lookAtWaves } from './look-at-waves.ts';
import type { Wave } from './wave.ts';
import { waitOfWave } from './wave-standing.ts';

const bench = useLedgerBench();

const MINUTE = 60_000;
const ACCOUNTS = [0, 1].map((n) => anAccountId(n));
const [ONE, TWO] = [aTarget(0), aTarget(1)];
const WAVES = [
  aWave('canary', { accounts: ACCOUNTS.slice(0, 1) }),
  aWave('rest', { after: [{ wave: 'canary', joined: 0.9, forMs: 15 * MINUTE }] }),
];

interface Fleet extends TestLedger {
  /** A look, as a scheduler takes it. @returns names of the waves that have begun */
  readonly look: (waves?: readonly Wave[]) => Promise<readonly string[]>;
  /** Hosts of a wave in these states, from this number on. */
  put(target: Target, wave: string, from: number, states: readonly EnrollmentState[]): Promise<void>;
  /** Why a wave waits; null once it has begun. */
  why(name: string, waves?: readonly Wave[]): Promise<string | null>;
}

/** Two accounts of one region each, which a sweep by these waves has read. */
async function start(waves: readonly Wave[] = WAVES): Promise<Fleet> {
  const one = bench.create();
  const { ledger, time } = one;
  time.hold(NOW_MS);
  let begun: ReadonlySet<string> = new Set();
  const look = async (by = waves): Promise<readonly string[]> => {
    begun = await lookAtWaves(ledger, by, time.now(), begun);
    return [...begun];
  };
  await look();
  await sweep(one);
  const put: Fleet['put'] = async (target, wave, from, states) => {
    const ids = states.map((_, n) => anInstanceId(from + n));
    const known = await ledger.enrollments.read(target, ids);
    const changes = states.map((state, n) => {
      const instanceId = anInstanceId(from + n);
      const value = { ...aRecord(state), instanceId, wave };
      return { instanceId, expected: known.get(instanceId)?.version ?? 0, value };
    });
    await ledger.enrollments.write(target, 'each', changes, []);
  };
  const why: Fleet['why'] = async (name, by = waves) =>
    waitOfWave(await ledger.waves.facts(by, time.now()), name)?.text ?? null;
  return { ...one, look, put, why };
}

async function sweep({ ledger, time }: TestLedger, ...denied: readonly Target[]): Promise<void> {
  time.advance(1);
  await ledger.coverage.startSweep('01JSWEEP');
  const accounts = ACCOUNTS.map((accountId) => ({
    accountId,
    name: 'a',
    state: 'ACTIVE' as const,
    ancestorIds: [],
  }));
  await ledger.coverage.putAccounts(accounts);
  await ledger.coverage.endAccountListing('01JSWEEP', time.now(), null, 0);
  time.advance(1);
  for (const target of [ONE, TWO]) {
    await ledger.coverage.putRegions(target.accountId, [target.region], time.now());
    const at = { attemptedAtMs: time.now(), completeAtMs: time.now() };
    const no = { ...at, completeAtMs: null, status: 'denied' } as const;
    await ledger.coverage.put(target, aCoverage(denied.includes(target) ? no : at));
  }
}

const some = (state: EnrollmentState, count: number) => Array.from({ length: count }, () => state);

/** Looks once a minute, as long as that. */
async function lookFor({ look, time }: Fleet, minutes: number): Promise<readonly string[]> {
  let begun: readonly string[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    time.advance(MINUTE);
    begun = await look();
  }
  return begun;
}

test('a wave begins when enough of the one before have joined for long enough, and no earlier', async () => {
  const fleet = await start();
  await fleet.put(ONE, 'canary', 0, [...some('joined', 8), ...some('queued', 2), 'ineligible', 'stopped']);
  await fleet.put(TWO, 'rest', 100, some('queued', 5));
  expect(await lookFor(fleet, 60)).toEqual(['canary']);
  expect(await fleet.why('rest')).toBe('90 % of wave canary must have joined for 15m: now 80 % (8 of 10)');

  await fleet.put(ONE, 'canary', 8, ['joined']);
  expect(await lookFor(fleet, 15)).toEqual(['canary']);
  expect(await fleet.why('rest')).toBe('90 % of wave canary must have joined for 15m: so for 14m');
  expect(await lookFor(fleet, 1)).toEqual(['canary', 'rest']);

  // Begun is begun: hosts of the first wave that come later, and do not join, stop nothing.
  await fleet.put(ONE, 'canary', 20, some('failed', 9));
  expect(await lookFor(fleet, 5)).toEqual(['canary', 'rest']);
});

test('a break in between begins the time anew, and so does a time without a look', async () => {
  const fleet = await start();
  await fleet.put(ONE, 'canary', 0, some('joined', 9));
  await lookFor(fleet, 10);

  await fleet.put(ONE, 'canary', 9, some('failed', 2));
  await lookFor(fleet, 1);
  await fleet.put(ONE, 'canary', 9, some('joined', 2));
  expect(await lookFor(fleet, 15)).toEqual(['canary']);

  fleet.time.advance(10 * MINUTE);
  expect(await fleet.look()).toEqual(['canary']);
  expect(await lookFor(fleet, 14)).toEqual(['canary']);
  expect(await lookFor(fleet, 1)).toEqual(['canary', 'rest']);
});

test('a wave without a host is complete when all that may hold one was read, and not before', async () => {
  const fleet = await start();
  await fleet.ledger.coverage.put(ONE, aCoverage({ status: 'denied', completeAtMs: null }));
  expect(await lookFor(fleet, 20)).toEqual(['canary']);
  expect(await fleet.why('rest')).toContain('1 of 1 accounts and regions in which it may have hosts are not');

  await sweep(fleet);

  expect(await lookFor(fleet, 16)).toEqual(['canary', 'rest']);
});

test('a target that was not read counts as not joined; one that holds no host of the wave does not matter', async () => {
  const share = aWave('canary', { share: 0.5 });
  const [, rest = share] = WAVES;
  const fleet = await start([share, rest]);
  await fleet.put(ONE, 'canary', 0, some('joined', 9));

  await fleet.ledger.coverage.put(
    TWO,
    aCoverage({ status: 'failed', attemptedAtMs: fleet.time.now(), completeAtMs: null }),
  );
  expect(await lookFor(fleet, 20)).toEqual(['canary']);
  expect(await fleet.why('rest')).toContain('1 of 2 accounts and regions');

  const ofOne = await start();
  await ofOne.put(ONE, 'canary', 0, some('joined', 9));
  await ofOne.ledger.coverage.put(
    TWO,
    aCoverage({ status: 'failed', attemptedAtMs: ofOne.time.now(), completeAtMs: null }),
  );
  expect(await lookFor(ofOne, 16)).toEqual(['canary', 'rest']);
});

test('nothing holds before a whole sweep has read the organization by the waves as they are', async () => {
  const fleet = await start();
  await fleet.put(ONE, 'canary', 0, some('joined', 9));
  await lookFor(fleet, 16);
  const [canary = aWave('canary')] = WAVES;
  const changed = [canary, aWave('rest', { after: [{ wave: 'canary', joined: 0.9, forMs: 0 }] })];

  fleet.time.advance(MINUTE);
  expect(await fleet.look(changed)).toEqual(['canary']);
  expect(await fleet.why('rest', changed)).toContain('no sweep has read the whole organization');
  await sweep(fleet);
  // Workers that still scan by the waves before name none of these.
  expect(await fleet.look(changed)).toEqual(['canary']);

  await fleet.ledger.waves.takeUp(changed);
  expect(await fleet.look(changed)).toEqual(['canary']);
  await sweep(fleet);

  expect(await fleet.look(changed)).toEqual(['canary', 'rest']);
});

test('a wave begins at its date by the time of Redis, and its targets are due then, and no others', async () => {
  const at = NOW_MS + 30 * MINUTE;
  const fleet = await start([aWave('eu', { regions: [ONE.region], notBeforeMs: at }), aWave('rest')]);
  await fleet.put(ONE, 'eu', 0, some('queued', 2));
  await fleet.put(TWO, 'rest', 100, some('queued', 2));
  await lookFor(fleet, 29);
  await fleet.redis.del(fleet.keys.due('install'));
  expect(await fleet.why('eu')).toBe(`it begins at ${new Date(at).toISOString()} (not_before)`);

  expect(await lookFor(fleet, 1)).toEqual(['eu', 'rest']);

  expect(await fleet.redis.zrange(fleet.keys.due('install'), 0, '-1')).toEqual([
    `${ONE.accountId}.${ONE.region}`,
  ]);
});

test('an approved wave may grow by a tenth; at more it asks again, and so does one that is defined otherwise', async () => {
  const waves = [aWave('eu', { regions: [ONE.region], approvedGrowth: 0.1 })];
  const fleet = await start(waves);
  const { approvals } = fleet.ledger;
  await fleet.put(ONE, 'eu', 0, some('queued', 60));
  await fleet.put(TWO, 'eu', 100, some('joined', 40));
  expect(await fleet.look()).toEqual([]);
  const [request] = await approvals.requests();
  expect(request).toMatchObject({ subject: 'wave:eu', hosts: 100, accounts: 2, grow: 0.1 });
  const named = [ONE.accountId, TWO.accountId].toSorted().join(', ');
  expect(request?.detail).toContain(` Its hosts are in accounts ${named}.`);
  if (request === undefined) throw new Error('nothing is asked for');
  await approvals.approve(request, 'ann');
  expect(await fleet.look()).toEqual(['eu']);

  await fleet.put(ONE, 'eu', 200, some('queued', 10));
  expect(await fleet.look()).toEqual(['eu']);
  expect(await approvals.requests()).toEqual([]);
  await fleet.put(ONE, 'eu', 300, some('queued', 1));
  expect(await fleet.look()).toEqual([]);
  expect(await fleet.why('eu')).toBe('muster approve eu: 100 hosts were approved, now it has 111');
  expect(await approvals.requests()).toMatchObject([{ subject: 'wave:eu', hosts: 111 }]);

  const [again] = await approvals.requests();
  if (again !== undefined) await approvals.approve(again, 'ann');
  expect(await fleet.look()).toEqual(['eu']);
  const wider = [aWave('eu', { approvedGrowth: 0.1 })];
  expect(await fleet.look(wider)).toEqual([]);
  await fleet.look([]);
  expect(await approvals.requests()).toEqual([]);
});

test('a claim over the cap of a wave is refused whole, however many claim at once', async () => {
  const fleet = await start();
  await fleet.put(ONE, 'canary', 0, some('queued', 12));
  const caps = { all: 99, account: 99, target: 99, wave: { name: 'canary', inFlight: 5 } };
  const claim = async (from: number) => {
    const ids = [from, from + 1].map((n) => anInstanceId(n));
    const known = await fleet.ledger.enrollments.read(ONE, ids);
    const changes = ids.map((instanceId) => ({
      instanceId,
      expected: known.get(instanceId)?.version ?? 0,
      value: { ...aRecord('sending'), instanceId, wave: 'canary' },
    }));
    return fleet.ledger.enrollments.write(ONE, 'all', changes, [], { caps });
  };

  const results = await Promise.all([0, 2, 4, 6, 8, 10].map(claim));

  expect(results.filter((one) => one.includes('written'))).toHaveLength(2);
  const { waves } = await fleet.ledger.enrollments.counts();
  expect(waves.get('canary')?.get('sending')).toBe(4);
  await fleet.put(ONE, 'canary', 0, ['joined']);
  expect((await claim(10)).includes('written')).toBe(true);
});
