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
import { LEDGER_SCHEMA } from '../control/installation.ts';
import { readOrganizationStatus } from '../reports/organization-status.ts';
import type { EnrollmentRecord } from './record.ts';
import { sealOf, sealStateOf } from './seal.ts';

/** What the release before this one and the one after it wrote, as this one reads and writes it. */
const bench = useLedgerBench();
const target = aTarget();
const A = anInstanceId(1);
const NEXT = LEDGER_SCHEMA + 1;

/** A record as the next release writes it: whatever the header says is in its JSON too. */
function text(header: string, record: object): string {
  return `7|${header}|${JSON.stringify({ v: NEXT, ...record, instanceId: A })}`;
}

const IN_WAVE = text('awaiting-approval|no-approval|12|34', {
  ...aRecord('discovered'),
  state: 'awaiting-approval',
  cause: 'no-approval',
  approval: { by: null },
});

test('a state and a cause that only a newer release knows are kept, and not set aside', async () => {
  const { ledger, redis, keys, lines } = bench.create();
  await redis.hset(keys.target(target).instances, A, IN_WAVE);

  expect((await ledger.enrollments.readAll(target)).get(A)).toMatchObject({
    version: 7,
    value: {
      state: 'unknown',
      storedState: 'awaiting-approval',
      cause: 'no-approval',
      approval: { by: null },
    },
  });
  expect(await ledger.enrollments.setAsideUnreadable(target)).toEqual([]);
  expect(await redis.hget(keys.target(target).instances, A)).toBe(IN_WAVE);
  expect(lines).toEqual([]);
});

test('a record that a newer release writes otherwise in a known state is kept too', async () => {
  const { ledger, redis, keys } = bench.create();
  const written = text('queued||12|', { ...aRecord('queued'), readyAtMs: { redisMs: 12 } });
  await redis.hset(keys.target(target).instances, A, written);

  const stored = (await ledger.enrollments.readAll(target)).get(A);

  expect(stored?.value).toMatchObject({
    state: 'unknown',
    storedState: 'queued',
    readyAtMs: { redisMs: 12 },
  });
});

test('fields of a newer release are written back by a change of this one, with this one’s schema number', async () => {
  const { ledger, redis, keys } = bench.create();
  const written = text('queued||12|', { ...aRecord('queued'), readyAtMs: 12, ring: 'canary' });
  await redis.hset(keys.target(target).instances, A, written);
  const stored = (await ledger.enrollments.readAll(target)).get(A);
  const value = { ...stored?.value, failures: 3 } as EnrollmentRecord;

  await ledger.enrollments.write(target, 'each', [{ instanceId: A, expected: 7, value }], []);

  const now = (await redis.hget(keys.target(target).instances, A)) ?? '';
  expect(JSON.parse(now.slice(now.indexOf('{')))).toMatchObject({
    v: LEDGER_SCHEMA,
    ring: 'canary',
    failures: 3,
  });
});

test('what carries no schema number is of the release before, and is read as it was', async () => {
  const { ledger, redis, keys } = bench.create();
  const [queued, intent] = [{ ...aRecord('queued'), instanceId: A }, anIntent()];
  const names = keys.target(target);
  await redis.hset(names.instances, A, `7|queued||${NOW_MS}||${JSON.stringify(queued)}`);
  await redis.hset(names.intents, intent.batchId, `3|${JSON.stringify(intent)}`);

  expect((await ledger.enrollments.readAll(target)).get(A)).toEqual({ version: 7, value: queued });
  expect(await ledger.enrollments.intents(target)).toEqual([{ version: 3, value: intent }]);
});

test('an intent of a newer release keeps its fields', async () => {
  const { ledger, redis, keys } = bench.create();
  const { batchId, ...intent } = anIntent({ command: { commandId: aCommandId(), expiresAtMs: NOW_MS } });
  const written = {
    v: NEXT,
    batchId,
    ...intent,
    ring: 2,
    command: { ...intent.command, document: 'of-tomorrow' },
  };
  await redis.hset(keys.target(target).intents, batchId, `3|${JSON.stringify(written)}`);
  const stored = await ledger.enrollments.intent(target, batchId);
  if (stored === null) throw new Error('the intent is there');

  const value = { ...stored.value, polls: 9 };
  await ledger.enrollments.write(target, 'each', [], [{ batchId, expected: 3, value }]);

  const now = (await redis.hget(keys.target(target).intents, batchId)) ?? '';
  expect(JSON.parse(now.slice(now.indexOf('{')))).toEqual({ ...written, v: LEDGER_SCHEMA, polls: 9 });
});

test('findings and pauses of a newer release are shown as they are', async () => {
  const { ledger, redis, keys } = bench.create();
  const finding = { kind: 'of-tomorrow', scope: 'all', sinceMs: NOW_MS, message: 'm', remedy: 'r' };
  const field = 'of-tomorrow|all';
  await redis.hset(keys.findings, field, JSON.stringify({ v: NEXT, ...finding, severity: 3 }));
  const pause = { scope: 'all', atMs: NOW_MS, by: 'operator', reason: 'why' };
  await redis.hset(keys.pauses, 'all', JSON.stringify({ v: NEXT, ...pause, ticket: 'CHG-1' }));

  expect(await ledger.control.findings()).toMatchObject([finding]);
  expect(await ledger.control.pauses()).toMatchObject([pause]);
  const { findings } = await readOrganizationStatus(ledger, NOW_MS);
  expect(findings.map(({ kind, owner }) => ({ kind, owner }))).toEqual([
    { kind: 'paused', owner: 'operator' },
    { kind: 'of-tomorrow', owner: 'operator' },
  ]);
});

test('a pause by a hand that this release does not know stops sends all the same', async () => {
  const { ledger, redis, keys } = bench.create();
  await redis.hset(
    keys.pauses,
    'all',
    JSON.stringify({ v: NEXT, scope: 'all', atMs: NOW_MS, by: 'freeze', reason: '' }),
  );

  expect(await ledger.control.pauses()).toMatchObject([{ scope: 'all', atMs: NOW_MS, by: 'operator' }]);
});

test('labels that a newer release made wait are given, and not dropped', async () => {
  const { ledger, redis, keys } = bench.create();
  const change = { instanceId: A, digest: 'd', labels: { 'aws/a': 'b' }, gone: false };
  await ledger.labels.queue(target, [change]);
  const { labelChanges } = keys.target(target);
  const text = (await redis.hget(labelChanges, A)) ?? '';
  await redis.hset(labelChanges, A, text.replace(`{"v":${LEDGER_SCHEMA},`, `{"v":${NEXT},"ring":2,`));

  expect(await ledger.labels.take(5)).toMatchObject([{ target, change }]);
});

test('the seal of a newer release is good here, also over a state that is not known here', () => {
  const keys = [{ reveal: () => '0123456789abcdef'.repeat(4) }];
  const value = { ...aRecord('installing'), batchId: aBatchId(3), instanceId: A };
  const seal = sealOf(keys, target, { version: 7, value: { ...value, state: 'canceling' } as never });
  const unknown = { ...value, state: 'unknown', storedState: 'canceling' } as never;
  const ofTomorrow = { ...value, ring: 1 };

  expect(sealStateOf(keys, target, { version: 7, value: unknown, seal })).toBe('good');
  expect(
    sealStateOf(keys, target, {
      version: 7,
      value: ofTomorrow,
      seal: sealOf(keys, target, { version: 7, value }),
    }),
  ).toBe('good');
});
