import { NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { Finding, Pause } from './findings.ts';

const bench = useLedgerBench();

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

  const epochs = await Promise.all(Array.from({ length: 6 }, () => one.another().epochs.current()));

  expect(new Set([...epochs, await one.ledger.epochs.current()]).size).toBe(1);
});

test('the epoch changes when the ledger was emptied', async () => {
  const one = bench.create();
  const before = await one.ledger.epochs.current();

  const [, keys] = await one.redis.scan(
    0,
    'MATCH',
    one.keys.nothing.replace(/nothing$/, '*'),
    'COUNT',
    10_000,
  );
  await one.redis.unlink(keys);

  const after = await one.ledger.epochs.current();
  expect(after).not.toBe(before);
  expect(await one.ledger.epochs.current()).toBe(after);
});

test('the first sight of an epoch is the one that counts, for every process', async () => {
  const one = bench.create();

  one.time.hold(NOW_MS);
  expect(await one.ledger.epochs.seenAtMs('e1')).toBe(NOW_MS);
  one.time.hold(NOW_MS + 60_000);
  expect(await one.another().epochs.seenAtMs('e1')).toBe(NOW_MS);
  expect(await one.ledger.epochs.seenAtMs('e2')).toBe(NOW_MS + 60_000);
});
