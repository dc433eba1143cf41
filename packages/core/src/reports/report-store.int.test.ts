import { anAccountId, anInstanceId } from '@muster/testing/builders';
import { IS_OPERATOR, settingsOf, startTestRedis, type TestRedis } from '@muster/testing/test-redis';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportLedger } from './report.ts';
import { closeRedis, createRedis } from '../redis/connection.ts';
import { createKeys } from '../redis/keys.ts';
import { createLogger } from '../runtime/logger.ts';
import { createMemoryReports, createReportLedger } from './report-store.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startTestRedis();
  const log = createLogger({ name: 'test', level: 'silent' });
  redis = createRedis({ ...settingsOf(server), prefix: 'test', profile: 'patient', name: 'test', log });
});
afterAll(async () => {
  await closeRedis(redis);
  await server.stop();
});

const KINDS: readonly (readonly [string, () => ReportLedger])[] = [
  ['on Redis', () => createReportLedger({ redis, keys: createKeys('test') })],
  ['in memory', createMemoryReports],
];

describe.each(KINDS)('a report %s', (kind, create) => {
  const id = `01J-${kind.replaceAll(' ', '-')}`;
  const fresh = async (name: string, parts: readonly string[] = []) => {
    const reports = create();
    await reports.open(`${id}-${name}`, parts);
    return { reports, reportId: `${id}-${name}` };
  };

  test('is complete when every part that was ever expected is answered', async () => {
    const { reports, reportId } = await fresh('complete', ['organization']);
    await reports.expect(reportId, ['account:1', 'account:2']);
    await reports.finish(reportId, 'organization', { accounts: 2 });
    await reports.finish(reportId, 'account:2', [1, null]);

    expect(await reports.progress(reportId)).toEqual({ expected: 3, begun: 0, pending: 1 });
    expect(await reports.pending(reportId)).toEqual(['account:1']);
    expect(await reports.results(reportId, 0)).toEqual([
      { part: 'organization', result: { accounts: 2 } },
      { part: 'account:2', result: [1, null] },
    ]);
    expect(await reports.results(reportId, 1)).toHaveLength(1);
  });

  test('counts how often a part was begun, and a report that is not open cannot be begun', async () => {
    const { reports, reportId } = await fresh('begun', ['a']);

    expect([await reports.begin(reportId, 'a'), await reports.begin(reportId, 'a')]).toEqual([1, 2]);
    expect(await reports.begin('unknown', 'a')).toBeNull();
    expect((await reports.progress(reportId)).begun).toBe(1);
  });

  test('keeps notes and nodes of its own', async () => {
    const { reports, reportId } = await fresh('notes');
    const node = { nodeId: 'n', accountId: anAccountId(), instanceId: anInstanceId(), expiresAtMs: null };
    await reports.put(reportId, new Map([['account:1', { name: 'one' }]]));
    await reports.addNodes(reportId, [node]);

    expect(await reports.get(reportId, 'account:1')).toEqual({ name: 'one' });
    expect(await reports.get(reportId, 'account:2')).toBeNull();
    const ids = [anInstanceId(), anInstanceId(1)];
    expect([...(await reports.findNodes(reportId, anAccountId(), ids))]).toEqual([[anInstanceId(), 'n']]);
    expect((await reports.findNodes(reportId, anAccountId(1), ids)).size).toBe(0);
  });

  test('is gone when it is closed, and takes no late answers', async () => {
    const { reports, reportId } = await fresh('closed', ['a']);
    await reports.finish(reportId, 'a', 1);
    await reports.close(reportId);
    await reports.finish(reportId, 'a', 2);

    expect(await reports.isOpen(reportId)).toBe(false);
    expect(await reports.results(reportId, 0)).toEqual([]);
  });
});

test.skipIf(!IS_OPERATOR)('everything that a report writes to Redis expires', async () => {
  const reports = createReportLedger({ redis, keys: createKeys('test') });
  await reports.open('ttl', ['a', 'b']);
  await reports.begin('ttl', 'a');
  await reports.finish('ttl', 'a', 1);
  await reports.put('ttl', new Map([['x', 1]]));
  await reports.addNodes('ttl', [
    { nodeId: 'n', accountId: anAccountId(), instanceId: anInstanceId(), expiresAtMs: null },
  ]);

  const keys = await redis.keys('{test}:report:ttl:*');
  const ttls = await Promise.all(keys.map((key) => redis.pttl(key)));

  expect(keys).toHaveLength(6);
  expect(Math.min(...ttls)).toBeGreaterThan(3_000_000);
});
