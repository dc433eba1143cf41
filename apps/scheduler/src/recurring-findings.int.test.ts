import { aBatchId, aTarget, NOW_MS } from '@muster/testing/builders';
import { adoptBatch, claimRoom, endBatch } from '@muster/testing/in-flight';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
import { expect, test } from 'vitest';
import { reportBlockedCaps } from './recurring-findings.ts';

const bench = useLedgerBench();
const CONFIG = parsedSystemConfig(OFFLINE_FACTS, {
  muster: { limits: { installs_in_flight: 6, installs_in_flight_per_account: 4 } },
});
const CAPS = { all: 6, account: 4, target: 4 };
const [FIRST, SECOND, THIRD] = [aTarget(1), aTarget(2), aTarget(3)];

/** A cap of six that two accounts hold, and a third that was turned away `forMs` ago for the first time. */
async function blockedFor(forMs: number) {
  const { ledger, redis, keys } = bench.create();
  await claimRoom(ledger, FIRST, aBatchId(1), 4, CAPS);
  await claimRoom(ledger, SECOND, aBatchId(2), 2, CAPS);
  await adoptBatch(ledger, THIRD, aBatchId(3), 900);
  expect(await claimRoom(ledger, THIRD, aBatchId(4), 2, { ...CAPS, account: 999, target: 999 })).toBe(0);
  const [since = '', last = ''] = ((await redis.hget(keys.places, 'blocked:total')) ?? '').split('|');
  await redis.hset(keys.places, 'blocked:total', `${Number(since) - forMs}|${last}`);
  return { ledger, control: ledger.control };
}

test('a cap that lets no install through for long is told, with the accounts that hold the room, and only those it counts', async () => {
  const { ledger, control } = await blockedFor(CONFIG.install.joinTimeoutMs + 1_000);

  await reportBlockedCaps(ledger, CONFIG, NOW_MS);

  const [finding, ...others] = await control.findings();
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ kind: 'cap-blocked', scope: 'all' });
  expect(finding?.message).toContain(
    'muster.limits.installs_in_flight (6) is reached. 6 hosts are under way',
  );
  expect(finding?.message).toContain(
    `By account: ${FIRST.accountId} (4), ${SECOND.accountId} (2). The one that is under way for longest is i-`,
  );
  expect(finding?.message).not.toContain(THIRD.accountId);
});

test('it goes away by itself when a batch gets room', async () => {
  const { ledger, control } = await blockedFor(CONFIG.install.joinTimeoutMs + 1_000);
  await reportBlockedCaps(ledger, CONFIG, NOW_MS);
  await endBatch(ledger, FIRST, aBatchId(1));

  expect(await claimRoom(ledger, THIRD, aBatchId(4), 2, { ...CAPS, account: 999, target: 999 })).toBe(2);
  await reportBlockedCaps(ledger, CONFIG, NOW_MS);

  expect(await control.findings()).toEqual([]);
});

test('a cap that is reached for a while is nothing to tell: that is what it is for', async () => {
  const { ledger, control } = await blockedFor(60_000);

  await reportBlockedCaps(ledger, CONFIG, NOW_MS);

  expect(await control.findings()).toEqual([]);
  expect(await ledger.caps.blocked()).toMatchObject([{ cap: 'all', inFlight: 6 }]);
});

test('caps of an account and of a target are told of that account and target', async () => {
  const { ledger, redis, keys } = bench.create();
  const { control } = ledger;
  await claimRoom(ledger, FIRST, aBatchId(1), 4, CAPS);
  await claimRoom(ledger, FIRST, aBatchId(2), 1, CAPS);
  for (const field of [`blocked:a:${FIRST.accountId}`, `blocked:t:${FIRST.accountId}.${FIRST.region}`]) {
    const [, last = ''] = ((await redis.hget(keys.places, field)) ?? '').split('|');
    await redis.hset(keys.places, field, `1|${last}`);
  }

  await reportBlockedCaps(ledger, CONFIG, NOW_MS);

  expect((await control.findings()).map(({ scope }) => scope).toSorted()).toEqual([
    `${FIRST.accountId}.${FIRST.region}`,
    `account:${FIRST.accountId}`,
  ]);
});
