/** The stream of changes, as a browser reads it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrowser } from '../access/browser.fixture.ts';
import { hashPassword } from '@muster/core/runtime/password-hash';
import type { ChangedEvent } from '@muster/api/events';
import { accountId, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
  await seedOrganization(app.ledger, Date.now());
  await app.modelHas(SEEDED.instances);
});
afterAll(() => app.stop());

interface Told extends ChangedEvent {
  readonly id: string;
}

/** A page that listens. */
interface Page {
  readonly events: Told[];
  readonly headers: Headers;
  readonly ended: Promise<void>;
  close(): void;
}

async function open(
  lastId: string | null = null,
  url = app.url,
  more: Readonly<Record<string, string>> = {},
): Promise<Page> {
  const gone = new AbortController();
  const answer = await fetch(`${url}/api/v1/events`, {
    signal: gone.signal,
    headers: { 'accept-encoding': 'gzip', ...more, ...(lastId === null ? {} : { 'last-event-id': lastId }) },
  });
  const events: Told[] = [];
  const ended = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/, 2)));
        if (fields['event'] === 'changed') {
          events.push({ id: fields['id'] ?? '', ...(JSON.parse(fields['data'] ?? '') as ChangedEvent) });
        }
      }
    }
  })().catch(() => undefined);
  return { events, headers: answer.headers, ended, close: () => gone.abort() };
}

async function pause(index: number): Promise<void> {
  await app.ledger.control.pause({
    scope: `account:${accountId(index)}`,
    atMs: Date.now(),
    by: 'operator',
    reason: '',
  });
}

function told(page: Page): readonly string[] {
  return [...new Set(page.events.flatMap(({ resources }) => resources))];
}

test('a page hears of what has changed, and of nothing else', async () => {
  const page = await open();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  page.events.splice(0);

  await pause(7);
  await expect.poll(() => told(page)).toContain('findings');

  expect(told(page).toSorted()).toEqual(['findings', 'rollout']);
  expect(page.headers.get('content-type')).toContain('text/event-stream');
  expect(page.headers.get('content-encoding')).toBeNull();
  expect(page.headers.get('cache-control')).toBe('no-store');
  page.close();
});

test('instances that changed are named', async () => {
  const page = await open();
  const target = (await app.ledger.enrollments.targetsWith({ cause: 'host-disk-full' }))[0];
  if (target === undefined) throw new Error('no target');
  const [first] = (await app.ledger.enrollments.readAll(target)).values();
  if (first === undefined) throw new Error('no record');
  const { instanceId } = first.value;
  await app.ledger.enrollments.write(
    target,
    'each',
    [{ instanceId, expected: first.version, value: { ...first.value, failures: 9 } as never }],
    [],
  );

  await expect.poll(() => page.events.flatMap(({ instances }) => instances ?? [])).toContain(instanceId);

  expect(told(page)).toEqual(expect.arrayContaining(['instances', 'accounts', 'targets', 'overview']));
  page.close();
});

test('a page that comes back hears what it has missed, and no more', async () => {
  const page = await open();
  await pause(8);
  await expect.poll(() => told(page)).toContain('findings');
  const last = page.events.at(-1)?.id ?? '';
  page.close();
  await page.ended;

  await app.ledger.control.resume(`account:${accountId(8)}`);
  const again = await open(last);

  await expect.poll(() => told(again)).toContain('rollout');
  expect(told(again)).not.toContain('configuration');
  again.close();
});

test('after a restart of the scheduler each page that comes back hears that everything may be another', async () => {
  const before = await open();
  await pause(11);
  await expect.poll(() => told(before)).toContain('findings');
  const last = before.events.at(-1)?.id ?? '';
  before.close();
  await before.ended;
  const restarted = await startApp();
  const pages: Page[] = [];
  for (let n = 0; n < 3; n += 1) {
    const page = await open(last, restarted.url);
    pages.push(page);
    await expect.poll(() => told(page).length).toBe(11);
  }

  for (const page of pages) page.close();
  await restarted.stop();
});

test.each(['0-1', 'nothing', '99999999999999-0\u00e9'])(
  'a page that was away for longer than the feed reaches back (%s) hears that everything may be another',
  async (lastId) => {
    const page = await open(lastId);

    await expect.poll(() => told(page).length).toBe(11);
    expect(page.events[0]?.instances).toBeNull();
    page.close();
    await page.ended;

    // With the id of that event it is told exactly again.
    const again = await open(page.events[0]?.id);
    await pause(10);
    await expect.poll(() => told(again)).toContain('findings');
    expect(told(again)).not.toContain('configuration');
    again.close();
  },
);

test('all pages hear of a change by one look at the ledger a second', async () => {
  const pages = await Promise.all(Array.from({ length: 20 }, () => open()));
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = process.cpuUsage();
  const startedAtMs = performance.now();

  await pause(9);
  for (const page of pages) await expect.poll(() => told(page)).toContain('findings');
  await new Promise((resolve) => setTimeout(resolve, 3_000));

  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1_000 / (performance.now() - startedAtMs);
  // Pages, scheduler and read model are one process here.
  expect(share).toBeLessThan(0.3);
  for (const page of pages) page.close();
});

test('one who opens streams without an end leaves room for the pages of others', async () => {
  const own = await startApp();
  const { secret } = await own.ledger.access.tokens.make({
    name: 'ci',
    role: 'viewer',
    scope: 'all',
    by: 'ann',
    lifeMs: 60_000,
  });
  const gone = new AbortController();
  const follow = (headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${own.url}/api/v1/events`, { signal: gone.signal, headers });
  // Held: a body that nothing holds any more is ended by the runtime.
  const open: Response[] = [];
  while (open.length < 100) open.push(await follow());

  const late = await follow();
  expect(new Set(open.map(({ status }) => status))).toEqual(new Set([200]));
  expect([late.status, late.headers.get('retry-after')]).toEqual([429, '60']);
  expect((await follow({ authorization: `Bearer ${secret}` })).status).toBe(200);
  gone.abort();
  await own.stop();
});

test('the streams end with the scheduler', async () => {
  const other = await startApp();
  const page = await open(null, other.url);

  await other.stop();

  await expect(page.ended).resolves.toBeUndefined();
});

test('a stream ends soon after the session that opened it, and keeps no session from being idle', async () => {
  const users = [{ name: 'ann', role: 'viewer' as const, hash: await hashPassword('correct horse battery') }];
  const own = await startApp({ host: '0.0.0.0', console: { users } });
  const browser = createBrowser(own.url);
  await browser.send('POST', '/auth/login', { name: 'ann', password: 'correct horse battery' });
  const cookie = [...browser.jar].map(([name, value]) => `${name}=${value}`).join('; ');
  const [seen = ''] = await own.keys('*:session-seen:*');
  const page = await open(null, own.url, { cookie });
  await own.command('PEXPIRE', seen, '300000');

  own.reconfigure({ users: [] });
  await page.ended;

  expect(Number(await own.command('PTTL', seen))).toBeLessThan(300_000);
  expect((await browser.get('/api/v1/findings')).status).toBe(401);
  await own.stop();
}, 40_000);
