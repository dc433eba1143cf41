import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { catalog } from '@muster/core/jobs/catalog';
import type { Role } from '@muster/core/control/access/role';
import { type Browser, createBrowser } from '../access/browser.fixture.ts';
import { accountId } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from './running-app.fixture.ts';

const QUEUE = '/queues/api/queues/discovery';

let app: RunningApp;
let jobId: string;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());
beforeEach(async () => {
  await app.jobQueue.enqueue(catalog['scan-target'], {
    target: { accountId: accountId(0), region: 'eu-west-1' as never },
  });
  const { body } = await createBrowser(app.url).get(
    '/queues/api/queues?activeQueue=discovery&status=latest&page=1',
  );
  const { queues } = JSON.parse(body) as { queues: { name: string; jobs: { id: string }[] }[] };
  jobId = queues.find(({ name }) => name === 'discovery')?.jobs[0]?.id ?? '';
});

/** As Bull Board's own page: it takes the token from the cookie that the board's page gave. */
async function onBoard(
  role: Role,
): Promise<{ readonly browser: Browser; readonly act: (method: string, path: string) => Promise<number> }> {
  const browser = createBrowser(app.url);
  const secret = await app.ledger.access.links.make({ name: 'ann', role });
  await browser.send('POST', `/auth/link/${secret}`);
  await browser.get('/queues/');
  const headers = () => ({
    'x-xsrf-token': browser.jar.get('XSRF-TOKEN') ?? '',
    'sec-fetch-site': 'same-origin',
  });
  return { browser, act: async (method, path) => (await browser.send(method, path, {}, headers())).status };
}

async function lastAct() {
  const entries = await app.ledger.audit.newest(10);
  return entries.find(({ entry }) => entry?.act === 'queue')?.entry;
}

async function readOnlyOf(browser: Browser): Promise<readonly boolean[]> {
  const { body } = await browser.get('/queues/api/queues');
  return (JSON.parse(body) as { queues: { readOnlyMode: boolean }[] }).queues.map(
    (queue) => queue.readOnlyMode,
  );
}

test('a viewer’s board has nothing to press, and nothing is done for who presses it', async () => {
  const { browser, act } = await onBoard('viewer');

  expect(await readOnlyOf(browser)).toEqual([true, true, true, true]);
  expect(await act('PUT', `${QUEUE}/${jobId}/clean`)).toBe(403);
  expect(await act('PUT', `${QUEUE}/retry/failed`)).toBe(403);
});

test('an operator cleans, retries and promotes, and the audit has it', async () => {
  const { browser, act } = await onBoard('operator');

  expect(await readOnlyOf(browser)).toEqual([false, false, false, false]);
  expect(await act('PUT', `${QUEUE}/retry/failed`)).toBe(200);
  expect(await act('PUT', `${QUEUE}/promote`)).toBe(200);
  expect(await act('PUT', `${QUEUE}/clean/failed`)).toBe(200);
  expect(await act('PUT', `${QUEUE}/${jobId}/clean`)).toBe(204);
  expect((await browser.get(`${QUEUE}/${jobId}`)).status).toBe(404);
  await expect.poll(lastAct).toMatchObject({
    act: 'queue',
    scope: 'queue:discovery',
    result: 'done',
    detail: `${jobId}/clean`,
    by: { name: 'ann' },
  });
});

test('what the board could not do is noted as failed, and what is about no queue is not done at all', async () => {
  const { act } = await onBoard('operator');

  expect(await act('PUT', `${QUEUE}/no-such-job/retry`)).toBe(404);
  await expect.poll(lastAct).toMatchObject({
    scope: 'queue:discovery',
    result: 'failed',
    detail: 'no-such-job/retry: answered 404',
  });
  expect(await act('PUT', '/queues/api/queues/no-such-queue/retry/failed')).toBe(404);
  expect(await act('PUT', `${QUEUE}/promote`)).toBe(200);
  await expect.poll(async () => (await lastAct())?.detail).toBe('promote');
  const scopes = (await app.ledger.audit.newest(100)).map(({ entry }) => entry?.scope);
  expect(scopes).not.toContain('queue:no-such-queue');
});

test('without the token of the board’s page an operator does nothing either', async () => {
  const { browser } = await onBoard('operator');

  expect((await browser.send('PUT', `${QUEUE}/retry/failed`, {})).status).toBe(403);
});

test.each([
  ['POST', `${QUEUE}/add`],
  ['PUT', `${QUEUE}/pause`],
  ['PUT', `${QUEUE}/empty`],
  ['PUT', `${QUEUE}/obliterate`],
  ['PUT', `${QUEUE}/concurrency`],
  ['PUT', `${QUEUE}/rate-limit`],
  ['PUT', `${QUEUE}/clean/active`],
  ['PUT', `${QUEUE}/clean/waiting`],
  ['PUT', `${QUEUE}/retry/completed`],
  ['PUT', '/queues/api/queues/pause'],
  ['PATCH', `${QUEUE}/1/update-data`],
  ['PATCH', `${QUEUE}/1/delay`],
  ['PUT', '/queues/api/queues/discovery/%2e%2e/clean'],
])('not even an admin may %s %s', async (method, path) => {
  const { act } = await onBoard('admin');

  expect(await act(method, path)).toBe(403);
});
