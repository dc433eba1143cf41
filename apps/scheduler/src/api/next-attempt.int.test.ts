import type { InstanceStory, InstanceSummary } from '@muster/api/instances';
import { anInstanceId, aRecord, aTarget } from '@muster/testing/builders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

const HOUR_MS = 3_600_000;
const [COME, TO_COME] = [anInstanceId(1), anInstanceId(2)];

let app: RunningApp;
let toComeMs = 0;
beforeAll(async () => {
  app = await startApp();
  toComeMs = Date.now() + HOUR_MS;
  const times = [
    [COME, Date.now() - HOUR_MS],
    [TO_COME, toComeMs],
  ] as const;
  const changes = times.map(([instanceId, nextAttemptAtMs]) => ({
    instanceId,
    expected: 0,
    value: { ...aRecord('failed', { instanceId }), nextAttemptAtMs },
  }));
  await app.ledger.enrollments.write(aTarget(), 'all', changes, []);
  await app.modelHas(2);
});
afterAll(() => app.stop());

async function read<T>(path: string, parse: (text: string) => T): Promise<T> {
  return parse(await (await fetch(`${app.url}/api/v1${path}`)).text());
}

test('a next attempt whose time has come is null in the list, the export and the story of one, which says what is waited for', async () => {
  type Row = Pick<InstanceSummary, 'instanceId' | 'nextAttemptAt'>;
  const timesOf = (rows: readonly Row[]) =>
    rows.map(({ instanceId, nextAttemptAt }) => [instanceId, nextAttemptAt]);
  const expected = [
    [COME, null],
    [TO_COME, new Date(toComeMs).toISOString()],
  ];

  const list = await read(
    '/instances?sort=nextAttemptAt',
    (text) => JSON.parse(text) as { readonly items: readonly (Row & { readonly waitsFor: string | null })[] },
  );
  const lines = await read('/instances.ndjson?sort=nextAttemptAt', (text) =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Row),
  );
  const story = await read(`/instances/${COME}`, (text) => JSON.parse(text) as InstanceStory);

  expect(timesOf(list.items)).toEqual(expected);
  expect(list.items.map(({ waitsFor }) => waitsFor)).toEqual([null, 'back-off']);
  expect(timesOf(lines)).toEqual(expected);
  expect(story).toMatchObject({ state: 'failed', nextAttemptAt: null });
  expect(story.waitsFor).not.toBeNull();
});
