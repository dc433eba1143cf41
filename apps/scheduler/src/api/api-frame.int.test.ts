/** What every route of the API does alike: tags, compression, problems, pages. */
import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindingRow } from '@muster/api/findings';
import type { Page } from '@muster/api/paging';
import type { Problem } from '@muster/api/problem';
import { AccountId, InstanceId, Region } from '@muster/core/organization/ids';
import { aRecord } from '@muster/testing/builders';
import { seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ secrets: ['join-token-of-the-cluster'] });
  await seedOrganization(app.ledger, Date.now());
});
afterAll(() => app.stop());

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

function ask(
  path: string,
  options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  } = {},
): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${app.url}/api/v1${path}`,
      { method: options.method ?? 'GET', headers: { ...options.headers } },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('end', () => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
        });
      },
    );
    asked.once('error', reject).end(options.body);
  });
}

async function json<T>(path: string): Promise<T> {
  const { status, body } = await ask(path);
  expect(status, body.toString()).toBe(200);
  return JSON.parse(body.toString()) as T;
}

async function problemOf(path: string, options?: Parameters<typeof ask>[1]): Promise<Problem> {
  const { status, headers, body } = await ask(path, options);
  expect(headers['content-type']).toContain('application/problem+json');
  expect(headers['cache-control']).toBe('no-store');
  const told = JSON.parse(body.toString()) as Problem;
  expect(told.status).toBe(status);
  return told;
}

describe('an answer that has not changed', () => {
  test('is not sent again, and the header says how old the data is', async () => {
    const first = await ask('/findings?limit=5');
    const tag = String(first.headers['etag']);
    const asked = () => ask('/findings?limit=5', { headers: { 'if-none-match': tag } });
    // The ledger is read again after a second, or later where it is slow.
    await expect
      .poll(async () => (await asked()).headers['muster-as-of'])
      .not.toBe(first.headers['muster-as-of']);

    const again = await asked();

    expect(tag).toMatch(/^W\/"[\w-]{22}"$/);
    expect(again.status).toBe(304);
    expect(again.body.length).toBe(0);
    expect(Date.parse(String(again.headers['muster-as-of']))).toBeGreaterThan(
      Date.parse(String(first.headers['muster-as-of'])),
    );
    expect(again.headers['cache-control']).toBe('private, no-cache');
  });

  test('another question, or another answer, has another tag', async () => {
    const tags = await Promise.all(
      ['/findings', '/findings?fields=id', '/findings?limit=1'].map(
        async (path) => (await ask(path)).headers['etag'],
      ),
    );

    expect(new Set(tags).size).toBe(3);
    const stale = await ask('/findings', { headers: { 'if-none-match': String(tags[1]) } });
    expect(stale.status).toBe(200);
  });
});

test('HEAD says what GET says, without its body', async () => {
  const [get, head] = await Promise.all([ask('/findings'), ask('/findings', { method: 'HEAD' })]);

  expect(head.status).toBe(200);
  expect(head.body.length).toBe(0);
  expect(head.headers['etag']).toBe(get.headers['etag']);
  expect(head.headers['content-type']).toBe(get.headers['content-type']);
});

test.each([
  ['gzip', gunzipSync],
  ['br', brotliDecompressSync],
])('what accepts %s gets less', async (encoding, decompress) => {
  const plain = await ask('/openapi.json');
  const small = await ask('/openapi.json', { headers: { 'accept-encoding': encoding } });

  expect(small.headers['content-encoding']).toBe(encoding);
  expect(small.headers['vary']).toContain('Accept-Encoding');
  expect(small.body.length).toBeLessThan(plain.body.length / 3);
  expect(decompress(small.body).toString()).toBe(plain.body.toString());
});

describe('a request that does not fit', () => {
  test('gets all its faults at once, each with the nearest word that is known', async () => {
    const told = await problemOf('/findings?lmit=5&sort=sinse&fields=id,massage&muted=yes&owner=x');

    expect(told).toMatchObject({ type: '/problems/invalid-request', status: 400 });
    const details = Object.fromEntries(
      (told.errors ?? []).map(({ parameter, detail }) => [parameter, detail]),
    );
    expect(details).toMatchObject({
      lmit: 'There is no parameter "lmit": did you mean limit?',
      sort: '"sinse" is not known here: did you mean since?',
      fields: '"massage" is not known here: did you mean message?',
      muted: '"yes" is not known here. Known: true, false.',
    });
    expect(told.detail).toContain('lmit');
  });

  test.each([
    ['/findings?limit=0', 'limit'],
    ['/findings?limit=501', 'limit'],
    ['/findings?limit=ten', 'limit'],
    ['/findings?limit=5&limit=6', 'limit'],
    ['/findings?cursor=AAAA', 'cursor'],
    ['/findings?sort=-colour', 'sort'],
    ['/findings?severity=critical', 'severity'],
    ['/findings?owner=me', 'owner'],
    ['/findings?kind=brake-engagd', 'kind'],
    ['/accounts?state=faild', 'state'],
    ['/coverage-map?state=faild', 'state'],
    ['/actions?state=runing', 'state'],
    ['/actions?kind=retri', 'kind'],
    ['/audit?act=puase', 'act'],
    [`/instances?q=${'a+'.repeat(11)}`, 'q'],
    [`/instances.csv?tag=${Array.from({ length: 11 }, (_, n) => `k${n}`).join(',')}`, 'tag'],
  ])('%s: its parameter is named', async (path, parameter) => {
    const told = await problemOf(path);

    expect(told.errors?.map((fault) => fault.parameter)).toEqual([parameter]);
  });

  test('is told in words of a person', async () => {
    const detailOf = async (path: string) => (await problemOf(path)).errors?.[0]?.detail;

    expect(await detailOf('/findings?limit=ten')).toBe('Must be a whole number from 1 to 500.');
    const words = (await detailOf('/instances?state=bogus'))?.match(/\w+/g) ?? [];
    expect(words.length).toBeGreaterThan(10);
    expect(words.length).toBe(new Set(words).size);
    expect(await detailOf('/findings?limit=1e9')).toBe('Must be a whole number from 1 to 500.');
    expect(await detailOf('/audit?since=yesterday')).toContain('such as 2026-11-30T08:00:00Z');
  });

  test('of 5,000 letters gets a short answer', async () => {
    const told = await problemOf(`/findings?${'a'.repeat(5_000)}=${'b'.repeat(5_000)}`);

    expect(told.errors?.map(({ parameter }) => parameter)).toEqual(['a'.repeat(60)]);
    expect(JSON.stringify(told).length).toBeLessThan(1_000);
  });

  test('a path that is none names the nearest one', async () => {
    expect((await problemOf('/finding')).detail).toContain('did you mean findings?');
    expect((await problemOf('/findings/')).status).toBe(404);
    expect((await problemOf('/findings/%E0%A4%A')).status).toBe(400);
  });

  test('a finding that has ended is not found, and the answer says where to look', async () => {
    expect((await problemOf('/findings/nothing@all')).detail).toContain('GET findings');
  });
});

test('rows hold the fields that were asked for, and no others', async () => {
  const page = await json<Page<FindingRow>>('/findings?fields=id,owner&limit=3');

  expect(page.items.length).toBe(3);
  for (const row of page.items) expect(Object.keys(row).toSorted()).toEqual(['id', 'owner']);
});

test.each(['2026-11-30T08:00:00Z', '2026-11-30T08:00:00.123456Z', '2026-11-30T09:00:00%2B01:00'])(
  'a time is taken as people write it: %s',
  async (time) => {
    await app.ledger.audit.append({
      by: { name: 'ann', kind: 'cli', role: null },
      from: 'cli@desk',
      act: 'pause',
      scope: 'all',
      dryRun: null,
      basis: null,
      result: 'done',
      detail: '',
      reason: '',
    });

    expect((await json<Page<object>>(`/audit?since=${time}`)).total).toBeGreaterThan(0);
    expect((await ask(`/history?from=${time}`)).status).toBe(200);
  },
);

test('another site’s page is refused as every request is that does not fit', async () => {
  const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };

  expect(await problemOf('/overview', { headers })).toMatchObject({
    status: 403,
    title: 'Another site asks',
  });
});

test('the pages of a list together are the list', async () => {
  const whole = await json<Page<FindingRow>>('/findings?sort=-since,kind&limit=500');
  const ids: string[] = [];
  let next: string | null = '';
  while (next !== null) {
    const query: string = next === '' ? '' : `&cursor=${next}`;
    const page: Page<FindingRow> = await json(`/findings?sort=-since,kind&limit=2${query}`);
    ids.push(...page.items.map(({ id }) => id));
    next = page.next;
  }

  expect(ids).toEqual(whole.items.map(({ id }) => id));
  expect(ids.length).toBe(whole.total);
});

test('a list that is sorted by long names of any script has a second page', async () => {
  const own = await startApp();
  const target = { accountId: AccountId.parse('111122223333'), region: Region.parse('eu-west-1') };
  const records = ['i-00000000000000001', 'i-00000000000000002'].map((id) =>
    aRecord('joined', { instanceId: InstanceId.parse(id), tags: { Name: '漢'.repeat(256) } }),
  );
  const changes = records.map((value) => ({ instanceId: value.instanceId, expected: 0, value }));
  await own.ledger.enrollments.write(target, 'each', changes, []);
  await own.modelHas(2);
  const list = `${own.url}/api/v1/instances?sort=name,-cause&limit=1`;

  const first = (await (await fetch(list)).json()) as Page<{ readonly instanceId: string }>;
  const second = (await (await fetch(`${list}&cursor=${first.next ?? ''}`)).json()) as typeof first;

  expect([first, second].map(({ items }) => items[0]?.instanceId)).toEqual(
    records.map(({ instanceId }) => instanceId),
  );
  await own.stop();
});

test('a more urgent finding that comes between two pages moves no row from one to the other', async () => {
  const before = await json<Page<FindingRow>>('/findings');
  const first = await json<Page<FindingRow>>('/findings?limit=2');
  await app.ledger.control.raise({
    kind: 'ramp-stopped',
    scope: 'all',
    sinceMs: 1,
    message: 'It stopped.',
    remedy: 'Look why.',
  });
  await expect
    .poll(async () => (await json<Page<FindingRow>>('/findings?limit=1')).items[0]?.kind, { interval: 200 })
    .toBe('ramp-stopped');

  const rest = await json<Page<FindingRow>>(`/findings?limit=500&cursor=${first.next ?? ''}`);

  expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(before.items.map(({ id }) => id));
});

test('accounts that cannot be entered are among what is to be acted on, with their remedy', async () => {
  const { items } = await json<Page<FindingRow>>('/findings?kind=accounts-not-read');

  expect(items[0]).toMatchObject({ owner: 'aws-admin', accounts: 1 });
  expect(items[0]?.remedy).toContain('member role');
});

test('a known secret that slipped into a finding is not told', async () => {
  await app.ledger.control.raise({
    kind: 'account-list-failed',
    scope: 'all',
    sinceMs: Date.now(),
    message: 'refused: join-token-of-the-cluster',
    remedy: 'none',
  });

  await expect
    .poll(async () => (await ask('/findings?kind=account-list-failed')).body.toString(), { interval: 200 })
    .toContain('refused: [redacted]');
});

test('while Redis is away the last answer is given and marked, and a first one is refused', async () => {
  const other = await startApp();
  const before = await fetch(`${other.url}/api/v1/findings`);
  expect(before.status).toBe(200);
  await other.redis.stop();

  await expect
    .poll(async () => (await (await fetch(`${other.url}/api/v1/findings`)).json()) as object, {
      interval: 200,
    })
    .toMatchObject({ stale: true });
  await other.stop();
});
