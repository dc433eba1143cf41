import type { FindingRow } from '@muster/api/findings';
import type { History } from '@muster/api/history';
import { gatherBucket } from '@muster/core/history/gather-bucket';
import { encodeBucket } from '@muster/core/history/history-bucket';
import { resolutionsAt } from '@muster/core/history/resolution';
import { createKeys } from '@muster/core/redis/keys';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  const bucket = await gatherBucket(app.ledger);
  if (bucket !== null) await app.ledger.history.keep(bucket, resolutionsAt(1));
});
afterAll(() => app.stop());

async function ask(query: string): Promise<History> {
  const answered = await fetch(`${app.url}/api/v1/history${query}`);
  expect(answered.status).toBe(200);
  return (await answered.json()) as History;
}

test('the chart of a day has a point every five minutes, and null where nothing was recorded', async () => {
  const { stepMs, at, series, eta } = await ask('');

  expect(stepMs).toBe(300_000);
  expect(at.length).toBeGreaterThan(285);
  const [joined] = series;
  expect(joined).toMatchObject({ name: 'joined' });
  expect(joined?.values.filter((value) => value !== null)).toEqual([SEEDED.joined]);
  expect(eta).toBeNull();
});

test('causes, groups of accounts and work are series of their own', async () => {
  const names = async (kind: string) => (await ask(`?series=${kind}`)).series.map(({ name }) => name);

  expect(await names('cause')).toContain('host-disk-full');
  expect((await names('group')).every((name) => /^\d{12}$/.test(name))).toBe(true);
  expect(await names('work')).toEqual(expect.arrayContaining(['commandsSent', 'joined', 'dueLagSeconds']));
});

test('the row of a cause says how many hosts had it an hour ago, and nothing of a day ago that history does not know', async () => {
  const { widthMs } = resolutionsAt(1).fine;
  const hourAgo = Math.floor(Date.now() / widthMs) * widthMs - 12 * widthMs;
  const bucket = await gatherBucket(app.ledger);
  if (bucket === null) throw new Error('nothing is seeded');
  const text = encodeBucket({ ...bucket, byCause: { 'host-disk-full': 1 } });
  await app.command('HSET', createKeys('muster').fineHistory, String(hourAgo), text);

  const id = encodeURIComponent('cause:host-disk-full@cause:host-disk-full');
  const answered = await fetch(`${app.url}/api/v1/findings/${id}`);

  expect((await answered.json()) as FindingRow).toMatchObject({
    hosts: 3,
    trend: { hourAgo: 1, dayAgo: null },
  });
});
