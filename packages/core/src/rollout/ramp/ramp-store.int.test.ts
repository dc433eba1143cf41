/**
 * Ramps on the real scripts: whatever is claimed, joins, fails, is canceled, killed in between or moved on by two processes at
 * once, in a step no more hosts begin than its size.
 */
import { anInstanceId, aRecord, aTarget, NOW_MS, seededRandom } from '@muster/testing/builders';
import { type TestLedger, useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { targetId } from '../../organization/target.ts';
import { begin, claim, end, FIRST, hosts, ID, move, only, put, RULE, TARGETS } from './ramp-hosts.fixture.ts';

const bench = useLedgerBench();

test('a step lets in its hosts and no other, whole batches or none, and the next is twice as large', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);

  expect(await claim(ledger, FIRST, hosts(0, 6))).toBe('ramp');
  expect(await claim(ledger, FIRST, hosts(0, 3))).toBe('written');
  expect(await claim(ledger, FIRST, hosts(3, 3))).toBe('ramp');
  expect(await claim(ledger, FIRST, hosts(3, 2))).toBe('written');
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'joined');
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');

  await move(ledger);
  expect(await only(ledger)).toMatchObject({
    grown: 1,
    touched: 5,
    allJoined: 5,
    step: { size: 10, taken: 0 },
  });
  expect(await claim(ledger, FIRST, hosts(5, 11))).toBe('ramp');
  expect(await claim(ledger, FIRST, hosts(5, 10))).toBe('written');
});

test('a claim for a ramp that is not known is refused, and one for a ramp that is over needs no slot', async () => {
  const { ledger } = bench.create();

  expect(await claim(ledger, FIRST, hosts(0, 1))).toBe('ramp');
  await ledger.ramps.noteOldMatchers(['0000000000000001' as never], NOW_MS);
  expect(await claim(ledger, FIRST, hosts(0, 50))).toBe('written');
});

test('a host of several ramps takes a slot of each, or none', async () => {
  const one = bench.create();
  await begin(one);
  await one.ledger.ramps.begin(
    'r:all',
    { kind: 'resume', subject: 'all', nowMs: NOW_MS },
    { ...RULE, first: 2 },
    'anew',
  );

  expect(await claim(one.ledger, FIRST, hosts(0, 3), [ID, 'r:all'])).toBe('ramp');
  expect(await claim(one.ledger, FIRST, hosts(0, 2), [ID, 'r:all'])).toBe('written');
  expect(await claim(one.ledger, FIRST, hosts(2, 1), [ID, 'r:all'])).toBe('ramp');
  expect(await claim(one.ledger, FIRST, hosts(2, 3), [ID])).toBe('written');
});

test('an end that says nothing of the installer gives the slot back; a failure does not', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const [n, how] of (['canceled', 'refused', 'stopped', 'failed', 'joined'] as const).entries()) {
    await end(ledger, FIRST, anInstanceId(n), how);
  }

  expect((await only(ledger)).step).toMatchObject({ taken: 2, joined: 1, failed: 1 });
  expect(await claim(ledger, FIRST, hosts(0, 3))).toBe('written');
});

test('the retry of a host that has failed in the ramp needs no slot, and its success proves nothing', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  await end(ledger, FIRST, anInstanceId(0), 'failed');

  expect(await claim(ledger, FIRST, hosts(0, 1))).toBe('written');
  await end(ledger, FIRST, anInstanceId(0), 'joined');

  expect((await only(ledger)).step).toMatchObject({ taken: 5, joined: 0, failed: 1 });
});

test('an installer that never joins is stopped when the hosts of the first step have failed, and told', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'failed');
  for (const instanceId of hosts(50, 9)) {
    await put(ledger, FIRST, { ...aRecord('ineligible'), instanceId, cause: 'ec2-no-instance-profile' });
  }

  await Promise.all([move(ledger), move(one.another())]);

  const [finding] = await ledger.control.findings();
  expect(finding).toMatchObject({ kind: 'ramp-stopped', scope: ID });
  expect((await ledger.audit.newest(9)).map(({ entry }) => entry)).toMatchObject([
    {
      act: 'ramp',
      scope: 'the matcher aws[0]',
      result: 'stopped',
      detail: 'stopped at step 1: 5 of 5 hosts failed',
    },
  ]);
  expect(finding?.message).toContain(
    'the matcher aws[0] stopped at step 1: 5 of 5 hosts failed, in 1 account',
  );
  expect(finding?.message).toContain('ec2-join-failure (5:');
  // Hosts that nothing was sent to say nothing of why others failed.
  expect(finding?.message).not.toContain('ec2-no-instance-profile');
  expect(finding?.remedy).toContain('muster resume --all');
  expect(await claim(ledger, FIRST, hosts(0, 1))).toBe('ramp');
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');
});

test('those that wait are woken when a step grows, no more of them than it lets in', async () => {
  const one = bench.create();
  const { ledger, redis, keys } = one;
  one.time.hold(NOW_MS);
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  const waiting = Array.from({ length: 40 }, (_, n) => aTarget(100 + n));
  await ledger.ramps.wait(ID, waiting);
  await move(ledger);
  expect(await redis.zcard(keys.due('install'))).toBe(0);

  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'joined');
  await move(ledger);

  expect(await redis.zcard(keys.due('install'))).toBe(10);
  expect((await only(ledger)).waiting).toBe(30);
  // Those that were woken take nothing: others are, after a while.
  await move(ledger, NOW_MS + 1_000);
  expect(await redis.zcard(keys.due('install'))).toBe(10);
  await move(ledger, NOW_MS + 6_000);
  expect(await redis.zcard(keys.due('install'))).toBe(20);
});

test('a slot whose place is lost does not hold its step for good', async () => {
  const one = bench.create();
  const { ledger, redis, keys } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  await redis.hdel(keys.target(FIRST).instances, anInstanceId(0));
  await redis.hdel(keys.places, anInstanceId(1));

  await move(ledger);

  expect((await only(ledger)).step.taken).toBe(3);
});

test('a ramp of which nothing is left to send is over after a while', async () => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'joined');
  await move(ledger);
  const { takenAtMs } = await only(ledger);

  await move(ledger, takenAtMs + 3_600_000);

  expect(await ledger.ramps.all()).toEqual([]);
  expect(await claim(ledger, FIRST, hosts(5, 50))).toBe('written');
});

test('a ramp whose hosts wait for something else, such as the end of a freeze window, is not over', async () => {
  const one = bench.create();
  const { ledger } = one;
  await ledger.ramps.begin('r:all', { kind: 'resume', subject: 'all', nowMs: NOW_MS }, RULE, 'anew');
  await begin(one);
  for (const id of hosts(0, 5)) {
    await claim(ledger, FIRST, [id]);
    await end(ledger, FIRST, id, 'joined');
  }
  await put(ledger, FIRST, { ...aRecord('queued'), instanceId: anInstanceId(5) });
  const inAnHourMs = one.time.now() + 3_600_000;

  await move(ledger, inAnHourMs);
  await move(ledger, inAnHourMs + 3_600_000);

  expect((await ledger.ramps.all()).map(({ id }) => id).toSorted()).toEqual([ID, 'r:all']);
  expect(await claim(ledger, FIRST, hosts(10, 11), [ID, 'r:all'])).toBe('ramp');
});

test.each([
  ['took away', async ({ redis, keys }: TestLedger) => void (await redis.del(keys.ramp(ID)))],
  [
    'wrote over',
    async ({ redis, keys }: TestLedger) => void (await redis.hset(keys.ramp(ID), 'taken', 'many')),
  ],
])('a ramp whose counts another client %s begins anew, and holds no host for good', async (_what, forge) => {
  const one = bench.create();
  const { ledger } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));

  await forge(one);
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');
  await end(ledger, FIRST, anInstanceId(0), 'joined');
  await move(ledger);

  expect(await only(ledger)).toMatchObject({ touched: 0, step: { size: 5, taken: 0 } });
  expect(await claim(ledger, FIRST, hosts(5, 6))).toBe('ramp');
  expect(await claim(ledger, FIRST, hosts(5, 5))).toBe('written');
});

test('a ramp that was stopped is still stopped when its counts are gone, and a resume finds it', async () => {
  const one = bench.create();
  const { ledger, redis, keys } = one;
  await begin(one);
  await claim(ledger, FIRST, hosts(0, 5));
  for (const id of hosts(0, 5)) await end(ledger, FIRST, id, 'failed');
  await move(ledger);
  await redis.del(keys.ramp(ID));

  await move(ledger);

  expect((await only(ledger)).stoppedAtMs).toBe(NOW_MS);
  expect(await claim(ledger, FIRST, hosts(5, 1))).toBe('ramp');
});

test.each(['taken', 'first_of_size', 'f:111111111111', 'another type'])(
  'an end of a host is written whole, whatever another client put into its ramp (%s)',
  async (field) => {
    const one = bench.create();
    const { ledger, redis, keys } = one;
    await begin(one);
    await claim(ledger, FIRST, hosts(0, 2));
    if (field === 'another type') {
      await redis.del(keys.ramp(ID));
      await redis.set(keys.ramp(ID), 'x');
    } else {
      await redis.hset(keys.ramp(ID), field.replace('111111111111', FIRST.accountId), 'many');
    }

    await end(ledger, FIRST, anInstanceId(0), 'failed');

    expect(await redis.hget(keys.counts, 's:failed')).toBe('1');
    expect((await ledger.caps.places()).map(({ instanceId }) => instanceId)).toEqual([anInstanceId(1)]);
  },
);

interface Played {
  readonly begun: Map<number, number>;
  readonly sizes: Map<number, number>;
}

/** How many hosts hold a slot of each step, and the sizes of steps as they were seen. */
async function look(one: TestLedger, played: Played): Promise<void> {
  const replies = await one.redis.multi().hgetall(one.keys.ramp(ID)).hgetall(one.keys.rampHosts(ID)).exec();
  const [ramp, slots] = (replies ?? []).map(([, reply]) => reply as Record<string, string>);
  const step = Number(ramp?.['step'] ?? 0);
  if (step === 0) return;
  played.sizes.set(step, Number(ramp?.['size']));
  played.begun.set(step, Math.max(played.begun.get(step) ?? 0, Number(ramp?.['taken'])));
  expect(Number(ramp?.['taken'])).toBeLessThanOrEqual(Number(ramp?.['size']));
  const open = Object.values(slots ?? {}).filter((slot) => Number(slot) === step).length;
  expect(open).toBeLessThanOrEqual(Number(ramp?.['size']));
  expect(Number(ramp?.['joined']) + Number(ramp?.['failed']) + open).toBe(Number(ramp?.['taken']));
}

test.each([1, 2, 3, 4])(
  'no interleaving of claims, ends, kills, reloads and decisions lets more hosts begin than a step has (seed %i)',
  { timeout: 120_000 },
  async (seed) => {
    const one = bench.create();
    await begin(one);
    const played: Played = { begun: new Map(), sizes: new Map() };
    const failing = seed === 4 ? 0.5 : 0.04;
    const granted = new Set<string>();

    async function worker(n: number): Promise<void> {
      const ledger = one.another();
      const random = seededRandom(10 * seed + n);
      for (let turn = 0; turn < 70; turn += 1) {
        const target = TARGETS[Math.floor(random() * TARGETS.length)] ?? FIRST;
        const offset = 1_000 * (TARGETS.indexOf(target) + 1);
        const ids = hosts(offset + Math.floor(random() * 60), 1 + Math.floor(random() * 8));
        const known = await ledger.enrollments.read(target, ids);
        const free = ids.filter((id) => ['queued', undefined, 'failed'].includes(known.get(id)?.value.state));
        if (free.length > 0 && (await claim(ledger, target, free)) === 'written') {
          for (const id of free) granted.add(id);
        }
        // A kill before the end: another worker, or a later turn, finds the host as it is.
        const places = await ledger.caps.places();
        for (const { instanceId, target: place } of places) {
          if (random() < 0.6 || targetId(place) !== targetId(target)) continue;
          const how = random() < failing ? 'failed' : random() < 0.08 ? 'refused' : 'joined';
          await end(ledger, place, instanceId, how);
        }
        if (random() < 0.5) await move(ledger);
        // A reload with the same matcher asks for its ramp again.
        if (random() < 0.1) {
          await ledger.ramps.begin(ID, { kind: 'matcher', subject: 'aws[0]', nowMs: NOW_MS }, RULE, 'once');
        }
        if (random() < 0.3) await look(one, played);
      }
    }
    await Promise.all([1, 2, 3, 4].map(worker));

    const { ramps } = await one.ledger.ramps.index();
    const sizes = [...played.sizes.values()];
    expect(sizes.every((size) => [5, 10, 20, 40, 80].includes(size))).toBe(true);
    for (const [step, begun] of played.begun) expect(begun).toBeLessThanOrEqual(played.sizes.get(step) ?? 0);
    const isIll = seed === 4;
    expect((ramps.get(ID)?.stoppedAtMs ?? null) !== null).toBe(isIll);
    expect(granted.size).toBeLessThan(isIll ? 120 : 10_000);
    expect(Math.max(...sizes)).toBeGreaterThanOrEqual(isIll ? 5 : 20);
  },
);
