import { NOW_MS } from '@muster/testing/builders';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import { idOfFinding } from './findings.ts';

const bench = useLedgerBench();
const HOUR_MS = 3_600_000;
const known = { by: 'ann', reason: 'the vendor is told', atMs: NOW_MS, untilMs: NOW_MS + HOUR_MS };

test('a mute stands until its end, or until an operator takes it back', async () => {
  const { mutes } = bench.create().ledger;
  const id = idOfFinding({ kind: 'accounts-not-read', scope: 'cause:ec2-perm-account-denied' });
  const other = idOfFinding({ kind: 'clock-off', scope: 'process:a/1' });
  await mutes.mute(id, known);
  await mutes.mute(other, { ...known, untilMs: NOW_MS + 2 * HOUR_MS });

  expect(id).toBe('accounts-not-read@cause:ec2-perm-account-denied');
  expect(await mutes.standing(NOW_MS)).toEqual(
    new Map([
      [id, known],
      [other, { ...known, untilMs: NOW_MS + 2 * HOUR_MS }],
    ]),
  );
  expect([...(await mutes.standing(NOW_MS + HOUR_MS)).keys()]).toEqual([other]);
  expect(await mutes.unmute(other)).toBe(true);
  expect(await mutes.unmute(other)).toBe(false);
});

test('mutes that have ended are taken away, and one that cannot be read mutes nothing', async () => {
  const { ledger, redis, keys } = bench.create();
  await ledger.mutes.mute('a@all', known);
  await redis.hset(keys.mutes, 'b@all', '{"by":');
  expect([...(await ledger.mutes.standing(NOW_MS)).keys()]).toEqual(['a@all']);

  await ledger.mutes.mute('c@all', { ...known, atMs: NOW_MS + HOUR_MS, untilMs: NOW_MS + 2 * HOUR_MS });

  expect(await redis.hkeys(keys.mutes)).toEqual(['c@all']);
});
