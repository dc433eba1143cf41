import {
  aBatchId,
  aCommandId,
  anInstanceId,
  anIntent,
  aRecord,
  aTarget,
  NOW_MS,
} from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { EnrollmentRecord, EnrollmentState } from './record.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Ledger } from '../control/ledger.ts';
import type { RecordChange } from './enrollment-store.ts';

const bench = useLedgerBench();

const target = aTarget();
const [A, B, C] = [anInstanceId(1), anInstanceId(2), anInstanceId(3)] as const;

function put(instanceId: InstanceId, value: EnrollmentRecord | null, expected = 0): RecordChange {
  return { instanceId, expected, value: value === null ? null : { ...value, instanceId } };
}

/** A record that lies where it says, as another client's JSON. */
function ofB(state: EnrollmentState): object {
  return { ...aRecord(state), instanceId: B };
}

const LONG = 'x'.repeat(65);

/** 0 for a record that is not there, as a write expects it. */
async function versionOf(ledger: Ledger, id: InstanceId, of = target): Promise<number> {
  return (await ledger.enrollments.readAll(of)).get(id)?.version ?? 0;
}

test('each write gives a record another version, and it reads back as it was', async () => {
  const { ledger } = bench.create();
  const first = { ...aRecord('discovered'), instanceId: A };
  const second = { ...aRecord('queued'), instanceId: A };

  expect(await ledger.enrollments.write(target, 'each', [put(A, first)], [])).toEqual(['written']);
  const version = await versionOf(ledger, A);
  expect(await ledger.enrollments.readAll(target)).toEqual(new Map([[A, { version, value: first }]]));
  expect(await ledger.enrollments.write(target, 'each', [put(A, second, version)], [])).toEqual(['written']);

  expect(await ledger.enrollments.read(target, [A, B])).toEqual(
    new Map([[A, { version: await versionOf(ledger, A), value: second }]]),
  );
  expect(await versionOf(ledger, A)).not.toBe(version);
});

test('every state survives the way to Redis and back', async () => {
  const { ledger } = bench.create();
  const attempt = {
    batchId: aBatchId(1),
    commandId: aCommandId(1),
    endedAtMs: NOW_MS,
    cause: 'host-no-curl' as const,
    exitCode: 102,
    output: 'no {curl} | "here"\n',
  };
  const states = [
    'discovered',
    'stopped',
    'unmatched',
    'ineligible',
    'queued',
    'sending',
    'installing',
  ] as const;
  const later = ['installed', 'joined', 'failed', 'gone'] as const;
  const records = [...states, ...later].map((state, n) => ({
    ...aRecord(state, { attempts: [attempt], attemptCount: 1, launchedAtMs: null }),
    instanceId: anInstanceId(n),
  }));

  await ledger.enrollments.write(
    target,
    'each',
    records.map((one) => put(one.instanceId, one)),
    [],
  );
  const read = await ledger.enrollments.readAll(target);

  expect([...read.values()].map(({ value }) => value)).toEqual(expect.arrayContaining(records));
  expect(read.size).toBe(11);
});

test('a write at an outdated version, or of a record that should not exist yet, is stale and changes nothing', async () => {
  const { ledger } = bench.create();
  await ledger.enrollments.write(target, 'each', [put(A, aRecord('queued'))], []);

  const words = [
    await ledger.enrollments.write(target, 'each', [put(A, aRecord('discovered'))], []),
    await ledger.enrollments.write(target, 'each', [put(A, aRecord('discovered'), 2)], []),
    await ledger.enrollments.write(target, 'each', [put(B, aRecord('discovered'), 1)], []),
    await ledger.enrollments.write(target, 'each', [put(B, null, 3)], []),
  ];

  expect(words.flat()).toEqual(['stale', 'stale', 'stale', 'stale']);
  const read = await ledger.enrollments.readAll(target);
  expect([...read].map(([id, { value }]) => [id, value.state])).toEqual([[A, 'queued']]);
});

test('with `each`, one stale record does not hold up the others, and words come in the order given', async () => {
  const { ledger } = bench.create();
  await ledger.enrollments.write(target, 'each', [put(B, aRecord('queued'))], []);

  const words = await ledger.enrollments.write(
    target,
    'each',
    [put(A, aRecord('queued')), put(B, aRecord('queued')), put(C, aRecord('queued'))],
    [{ batchId: aBatchId(1), expected: 0, value: anIntent({ batchId: aBatchId(1) }) }],
  );

  expect(words).toEqual(['written', 'stale', 'written', 'written']);
});

test('with `all`, one stale record makes every record and intent stale, and nothing is written', async () => {
  const { ledger, redis, keys } = bench.create();
  await ledger.enrollments.write(target, 'each', [put(B, aRecord('queued'))], []);
  const before = await redis.hgetall(keys.target(target).counts);
  const version = await versionOf(ledger, B);

  const words = await ledger.enrollments.write(
    target,
    'all',
    [put(A, aRecord('queued')), put(B, aRecord('sending'), 7), put(C, aRecord('queued'))],
    [{ batchId: aBatchId(1), expected: 0, value: anIntent() }],
  );

  expect(words).toEqual(['stale', 'stale', 'stale', 'stale']);
  expect(await versionOf(ledger, A)).toBe(0);
  expect(await versionOf(ledger, B)).toBe(version);
  expect(await ledger.enrollments.intents(target)).toEqual([]);
  expect(await redis.hgetall(keys.target(target).counts)).toEqual(before);
});

test('with `all`, one stale intent makes every record stale too', async () => {
  const { ledger } = bench.create();
  const intent = anIntent({ batchId: aBatchId(1) });
  await ledger.enrollments.write(
    target,
    'all',
    [],
    [{ batchId: intent.batchId, expected: 0, value: intent }],
  );

  const words = await ledger.enrollments.write(
    target,
    'all',
    [put(A, aRecord('sending'))],
    [{ batchId: intent.batchId, expected: 0, value: intent }],
  );

  expect(words).toEqual(['stale', 'stale']);
  expect(await versionOf(ledger, A)).toBe(0);
});

test('an intent is written, read, changed and deleted by its version', async () => {
  const { ledger } = bench.create();
  const intent = anIntent({ batchId: aBatchId(1), instanceIds: [A, B] });
  const accepted = { ...intent, command: { commandId: aCommandId(1), expiresAtMs: NOW_MS + 420_000 } };
  const { batchId } = intent;
  const { enrollments } = ledger;

  await enrollments.write(target, 'all', [], [{ batchId, expected: 0, value: intent }]);
  expect(await enrollments.intent(target, batchId)).toEqual({ version: 1, value: intent });
  await enrollments.write(target, 'all', [], [{ batchId, expected: 1, value: accepted }]);
  expect(await enrollments.intents(target)).toEqual([{ version: 2, value: accepted }]);
  expect(await enrollments.write(target, 'all', [], [{ batchId, expected: 1, value: null }])).toEqual([
    'stale',
  ]);
  expect(await enrollments.write(target, 'all', [], [{ batchId, expected: 2, value: null }])).toEqual([
    'written',
  ]);

  expect(await enrollments.intent(target, batchId)).toBeNull();
  expect(await enrollments.intents(target)).toEqual([]);
});

test('candidates are the queued and failed ones whose time has come, the longest waiting first', async () => {
  const { ledger } = bench.create();
  const { enrollments } = ledger;
  await enrollments.write(
    target,
    'each',
    [
      put(A, { ...aRecord('queued'), readyAtMs: NOW_MS - 10 }),
      put(B, { ...aRecord('failed'), nextAttemptAtMs: NOW_MS - 20 }),
      put(C, { ...aRecord('queued'), readyAtMs: NOW_MS + 30 }),
      put(anInstanceId(4), aRecord('installing')),
    ],
    [],
  );

  expect(await enrollments.candidates(target, NOW_MS, 10)).toEqual([B, A]);
  expect(await enrollments.candidates(target, NOW_MS, 1)).toEqual([B]);
  expect(await enrollments.candidates(target, NOW_MS + 30, 10)).toEqual([B, A, C]);
  expect(await enrollments.nextCandidateAt(target)).toBe(NOW_MS - 20);
});

test('a target without candidates has none and no next one', async () => {
  const { ledger } = bench.create();

  expect(await ledger.enrollments.candidates(target, NOW_MS, 10)).toEqual([]);
  expect(await ledger.enrollments.nextCandidateAt(target)).toBeNull();
  expect(await ledger.enrollments.awaitingJoin(target)).toEqual([]);
});

test('those that must still join are told with their deadlines; one without an inventory is not waited for', async () => {
  const { ledger } = bench.create();
  await ledger.enrollments.write(
    target,
    'each',
    [
      put(A, { ...aRecord('installed'), joinDeadlineMs: NOW_MS + 2 }),
      put(B, { ...aRecord('installed'), joinDeadlineMs: NOW_MS + 1 }),
      put(C, { ...aRecord('installed'), joinDeadlineMs: null }),
    ],
    [],
  );

  expect(await ledger.enrollments.awaitingJoin(target)).toEqual([
    { instanceId: B, deadlineMs: NOW_MS + 1 },
    { instanceId: A, deadlineMs: NOW_MS + 2 },
  ]);
});

test('a record that moves on leaves the indexes of the state it was in, and a deleted one leaves all', async () => {
  const { ledger, redis, keys } = bench.create();
  const { enrollments } = ledger;
  await enrollments.write(target, 'each', [put(A, aRecord('failed')), put(B, aRecord('installed'))], []);

  await enrollments.write(
    target,
    'each',
    [put(A, aRecord('sending'), await versionOf(ledger, A)), put(B, null, await versionOf(ledger, B))],
    [],
  );

  expect(await enrollments.nextCandidateAt(target)).toBeNull();
  expect(await enrollments.awaitingJoin(target)).toEqual([]);
  expect(await redis.hgetall(keys.target(target).counts)).toEqual({ 's:sending': '1' });
});

test('counts sum states and causes over all targets', async () => {
  const { ledger } = bench.create();
  const other = aTarget(7, 'us-east-1');
  await ledger.enrollments.write(target, 'each', [put(A, aRecord('joined')), put(B, aRecord('failed'))], []);
  await ledger.enrollments.write(
    other,
    'each',
    [put(A, aRecord('joined')), put(C, aRecord('ineligible'))],
    [],
  );

  const { states, causes } = await ledger.enrollments.counts();

  expect(Object.fromEntries(states)).toEqual({ joined: 2, failed: 1, ineligible: 1 });
  expect(Object.fromEntries(causes)).toEqual({
    'ec2-ssm-script-failure': 1,
    'ec2-ssm-agent-not-registered': 1,
  });
});

test.each(['evil', '', '1e300', '-3', '1'.repeat(30), '1.5'])(
  'a count that is no number (%j) fails no write: the target is counted anew',
  async (forged) => {
    const { ledger, redis, keys } = bench.create();
    const queued = { ...aRecord('queued'), instanceId: A };
    await ledger.enrollments.write(target, 'each', [put(A, queued), put(B, aRecord('joined'))], []);
    await redis.hset(keys.target(target).counts, { 's:queued': forged, 's:joined': forged });

    expect(await ledger.enrollments.write(target, 'all', [put(C, aRecord('queued'))], [])).toEqual([
      'written',
    ]);

    const { states } = await ledger.enrollments.counts();
    expect(states).toEqual(
      new Map([
        ['queued', 2],
        ['joined', 1],
      ]),
    );
  },
);

test('a count that is no number is not shown: the records themselves are counted', async () => {
  const { ledger, redis, keys } = bench.create();
  const failed = { ...aRecord('failed'), instanceId: B };
  await ledger.enrollments.write(target, 'each', [put(A, aRecord('joined')), put(B, failed)], []);
  await redis.hset(keys.target(target).counts, { 's:joined': 'NaN', [`c:${failed.cause}`]: '-4' });

  const { states, causes } = await ledger.enrollments.counts();

  expect(states).toEqual(
    new Map([
      ['joined', 1],
      ['failed', 1],
    ]),
  );
  expect(causes).toEqual(new Map([[failed.cause, 1]]));
});

test.each(['counts', 'candidates', 'verify', 'intents', 'summary'] as const)(
  'while %s is a key of another type nothing is written: no record without its intent',
  async (name) => {
    const { ledger, redis, keys } = bench.create();
    const batchId = aBatchId(1);
    const own = keys.target(target);
    await redis.del(own[name]);
    await redis.lpush(own[name], 'of another type');
    const intent = { batchId, expected: 0, value: { ...anIntent(), batchId } };

    const writing = ledger.enrollments.write(target, 'all', [put(A, aRecord('sending'))], [intent]);

    await expect(writing).rejects.toMatchObject({ message: expect.stringContaining('WRONGTYPE') as string });
    expect(await redis.exists(own.instances)).toBe(0);
  },
);

test('targets with records are known, also those of which only later records are written', async () => {
  const { ledger } = bench.create();
  const other = aTarget(1);
  await ledger.enrollments.write(target, 'each', [put(A, aRecord('queued'))], []);
  await ledger.enrollments.write(other, 'all', [put(A, aRecord('queued'))], []);
  await ledger.enrollments.write(
    other,
    'all',
    [put(A, aRecord('sending'), await versionOf(ledger, A, other))],
    [],
  );

  expect(await ledger.enrollments.keptTargets()).toHaveLength(2);
  expect(await ledger.enrollments.keptTargets()).toEqual(expect.arrayContaining([target, other]));
});

test('more records than one script call takes are all written, each with its word', async () => {
  const { ledger } = bench.create();
  const many = Array.from({ length: 451 }, (_, n) => put(anInstanceId(n), aRecord('queued')));
  await ledger.enrollments.write(target, 'each', [put(anInstanceId(300), aRecord('queued'))], []);

  const words = await ledger.enrollments.write(target, 'each', many, [
    { batchId: aBatchId(1), expected: 0, value: anIntent() },
  ]);

  expect(words).toHaveLength(452);
  expect(words.flatMap((word, index) => (word === 'stale' ? [index] : []))).toEqual([300]);
  expect((await ledger.enrollments.readAll(target)).size).toBe(451);
  expect(await ledger.enrollments.intents(target)).toHaveLength(1);
});

test('nothing to write and nothing to read ask nothing of Redis that it refuses', async () => {
  const { ledger } = bench.create();

  expect(await ledger.enrollments.write(target, 'all', [], [])).toEqual([]);
  expect(await ledger.enrollments.write(target, 'each', [], [])).toEqual([]);
  expect(await ledger.enrollments.read(target, [])).toEqual(new Map());
});

test.each([
  ['no version, no header', 'garbage'],
  ['no JSON', '3|queued||1||'],
  ['broken JSON', '3|queued||1||{"state":"que'],
  ['a state that is no word', `3|Paused!||||${JSON.stringify({ ...ofB('gone'), state: 'Paused!' })}`],
  ['an unknown state without what all records share', '3|paused||||{"v":9,"state":"paused"}'],
  ['a known state without its fields', `3|queued||1||${JSON.stringify({ ...ofB('gone'), state: 'queued' })}`],
  ['a cause of any length', `3|failed|${LONG}|1||${JSON.stringify({ ...ofB('failed'), cause: LONG })}`],
  ['a header of another state', `3|joined||||${JSON.stringify({ ...ofB('gone'), state: 'paused' })}`],
  ['a version that is no number', `x|gone||||${JSON.stringify(ofB('gone'))}`],
])(
  'a corrupt record (%s) is left out, reported and not overwritten by one who believes it absent',
  async (_what, text) => {
    const { ledger, redis, keys, lines } = bench.create();
    await ledger.enrollments.write(target, 'each', [put(A, aRecord('queued'))], []);
    await redis.hset(keys.target(target).instances, B, text);

    const all = await ledger.enrollments.readAll(target);
    const one = await ledger.enrollments.read(target, [A, B]);

    expect([...all.keys()]).toEqual([A]);
    expect([...one.keys()]).toEqual([A]);
    expect(lines.map(({ level, fields }) => ({ level, ...fields }))).toEqual(
      Array.from({ length: 2 }, () => ({ level: 'error', target: '100000000000.eu-west-1', instanceId: B })),
    );
    expect(await ledger.enrollments.write(target, 'each', [put(B, aRecord('discovered'))], [])).toEqual([
      'stale',
    ]);
    expect(await redis.hget(keys.target(target).instances, B)).toBe(text);
  },
);

test.each([1e300, -1e300, Number.MAX_SAFE_INTEGER])(
  'a record whose date is none (%d) cannot be read',
  async (date) => {
    const { ledger, redis, keys } = bench.create();
    await ledger.enrollments.write(
      target,
      'each',
      [put(A, aRecord('joined')), put(B, aRecord('joined'))],
      [],
    );
    const own = keys.target(target).instances;
    const text = (await redis.hget(own, B)) ?? '';
    await redis.hset(own, B, text.replace(/"changedAtMs":\d+/, `"changedAtMs":${date}`));
    let unreadable = 0;

    const all = await ledger.enrollments.readAll(target, () => {
      unreadable += 1;
    });

    expect([...all.keys()]).toEqual([A]);
    expect(unreadable).toBe(1);
  },
);

test('a corrupt intent is left out of the list and cannot be claimed over', async () => {
  const { ledger, redis, keys } = bench.create();
  const batchId = aBatchId(1);
  await redis.hset(keys.target(target).intents, batchId, '2|{"batchId":');

  expect(await ledger.enrollments.intents(target)).toEqual([]);
  expect(await ledger.enrollments.intent(target, batchId)).toBeNull();
  expect(
    await ledger.enrollments.write(target, 'all', [], [{ batchId, expected: 0, value: anIntent() }]),
  ).toEqual(['stale']);
});

test('a listing of the target’s commands is kept with its epoch, unless it is no longer believed', async () => {
  const { enrollments } = bench.create().ledger;

  expect(await enrollments.lastListing(target)).toBeNull();
  expect(await enrollments.noteListing(target, null, 'e1')).toBe(true);
  const first = await enrollments.lastListing(target);
  expect(first).toEqual({ stored: 'e1', epoch: 'e1', distrustedSinceMs: null });

  await enrollments.distrust(target, NOW_MS);

  expect(await enrollments.noteListing(target, first, 'e2')).toBe(false);
  const doubt = await enrollments.lastListing(target);
  expect(doubt?.distrustedSinceMs).toBe(NOW_MS);
  expect(await enrollments.noteListing(target, doubt, 'e2')).toBe(true);
  expect(await enrollments.lastListing(aTarget(1))).toBeNull();
});

test('scripts are sent again after the server forgot them', async () => {
  const { ledger, redis } = bench.create();
  await ledger.enrollments.write(target, 'each', [put(A, aRecord('queued'))], []);

  const version = await versionOf(ledger, A);
  await redis.script('FLUSH');

  expect(await ledger.enrollments.write(target, 'each', [put(A, aRecord('sending'), version)], [])).toEqual([
    'written',
  ]);
});
