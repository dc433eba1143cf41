import type { History } from '@muster/api/history';
import { gatherBucket } from '@muster/core/history/gather-bucket';
import { resolutionsAt } from '@muster/core/history/resolution';
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
