import { recordingLog } from '@muster/testing/builders';
import { startRedis } from '@muster/testing/redis-server';
import { Secret } from '@muster/core/config/secret';
import { AccountId, Region } from '@muster/core/domain/ids';
import type { Target } from '@muster/core/domain/target';
import { createRedisLedger } from '@muster/core/ledger/redis-ledger';
import type { Ledger } from '@muster/core/ports/ledger';
import { closeRedis, createRedis } from '@muster/core/redis/connection';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reviewSetAside } from './housekeeping.ts';

const log = recordingLog();
let closing: () => Promise<void>;
let connect: (prefix: string) => Ledger;
let ledger: Ledger;
let prefixes = 0;

beforeAll(async () => {
  const server = await startRedis();
  const redis = createRedis({ url: new Secret(server.url), profile: 'patient', name: 'muster-test', log });
  connect = (prefix) => createRedisLedger({ redis, prefix, log });
  closing = async () => {
    await closeRedis(redis);
    await server.stop();
  };
});
beforeEach(() => {
  prefixes += 1;
  ledger = connect(`housekeeping-${prefixes}`);
});
afterAll(() => closing());

const account = AccountId.parse('111122223333');
const regions = ['eu-west-1', 'eu-central-1'].map((name) => Region.parse(name));
const [here, there] = regions.map((region): Target => ({ accountId: account, region })) as [Target, Target];

async function readAt(target: Target, atMs: number): Promise<void> {
  await ledger.coverage.put(target, {
    status: 'complete',
    attemptedAtMs: atMs,
    completeAtMs: atMs,
    cause: null,
    detail: '',
    failures: 0,
  });
}

test('the finding about what could not be read counts what is left, and goes when nothing is', async () => {
  await ledger.coverage.putRegions(account, regions, 1);
  for (const target of [here, there]) await readAt(target, 100);
  await ledger.setAside.note(here, ['i-0a'], 1_000);
  await ledger.setAside.note(there, ['i-0b', 'i-0c'], 1_000);

  await reviewSetAside(ledger, 2_000);
  const [both] = await ledger.control.findings();
  await readAt(here, 3_000);
  await reviewSetAside(ledger, 4_000);
  const [one] = await ledger.control.findings();
  await readAt(there, 5_000);
  await reviewSetAside(ledger, 6_000);

  expect(both).toMatchObject({ kind: 'ledger-unreadable', scope: 'all', sinceMs: 2_000 });
  expect(both?.message).toMatch(/^3 records of 2 targets/);
  expect(one?.message).toMatch(/^2 records of 1 target/);
  expect(one?.sinceMs).toBe(2_000);
  expect(await ledger.control.findings()).toEqual([]);
  expect(await ledger.setAside.all()).toEqual([]);
});
