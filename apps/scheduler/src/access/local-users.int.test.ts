import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Session } from '@muster/api/session';
import type { LocalUser } from '@muster/core/control/access/users-file';
import { hashPassword } from '@muster/core/runtime/password-hash';
import { recordingLog } from '@muster/testing/builders';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { type Answer, type Browser, createBrowser } from './browser.fixture.ts';

const ACT = '/api/v1/no-such-act';
const PASSWORD = 'correct horse battery';

let ann: LocalUser;
let app: RunningApp;
const log = recordingLog();
beforeAll(async () => {
  ann = { name: 'ann', role: 'operator', hash: await hashPassword(PASSWORD) };
});
beforeEach(async () => {
  log.lines.splice(0);
  app = await startApp({
    host: '0.0.0.0',
    console: { users: [ann, { ...ann, name: 'vic', role: 'viewer' }] },
    log,
  });
});
afterEach(() => app.stop());

function login(browser: Browser, name: string, password: string): Promise<Answer> {
  return browser.send('POST', '/auth/login', { name, password });
}

async function who(browser: Browser): Promise<Session> {
  return Session.parse(JSON.parse((await browser.get('/auth/session')).body));
}

async function auditOf(): Promise<readonly string[]> {
  const entries = await app.ledger.audit.newest(100);
  return entries.map(({ entry }) => `${entry?.by.name} ${entry?.act} ${entry?.result}: ${entry?.detail}`);
}

test('without a session nothing is told but the page and the ways in', async () => {
  const browser = createBrowser(app.url);
  const statuses = async (...paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => (await browser.get(path)).status));

  expect(await statuses('/metrics', '/api/v1/findings', '/api/v1/nothing', '/queues/api/queues')).toEqual([
    401, 401, 401, 401,
  ]);
  expect(await statuses('/healthz', '/readyz', '/auth/session')).toEqual([200, 200, 200]);
  expect(await who(browser)).toEqual({
    principal: null,
    csrf: null,
    signIn: { password: true, oidc: null, link: true },
  });
  const board = await browser.get('/queues/', { accept: 'text/html' });
  expect([board.status, board.headers['location']]).toEqual([303, '/']);
});

test('a user signs in, is known by the role of the file, and acts with the CSRF token of the answer', async () => {
  const browser = createBrowser(app.url);
  const answer = await login(browser, 'ann', PASSWORD);

  expect(answer.status).toBe(200);
  const { principal, csrf } = Session.parse(JSON.parse(answer.body));
  expect(principal).toEqual({ name: 'ann', kind: 'user', role: 'operator' });
  expect((await browser.get('/api/v1/findings')).status).toBe(200);
  expect((await browser.send('POST', ACT, {})).status).toBe(403);
  expect((await browser.send('POST', ACT, {}, { 'x-csrf-token': csrf ?? '' })).status).toBe(404);
  expect(await auditOf()).toEqual(['ann sign-in done: by password']);
});

test('a viewer looks and does not act', async () => {
  const browser = createBrowser(app.url);
  await login(browser, 'vic', PASSWORD);
  const { csrf } = await who(browser);

  expect((await browser.get('/api/v1/findings')).status).toBe(200);
  expect((await browser.send('POST', ACT, {}, { 'x-csrf-token': csrf ?? '' })).status).toBe(403);
});

test('a wrong password and an unknown name get the same answer, and each is noted without the password', async () => {
  const browser = createBrowser(app.url);
  const [wrong, unknown] = [
    await login(browser, 'ann', 'hunter2hunter2'),
    await login(browser, 'eve', 'hunter2hunter2'),
  ];

  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  expect(wrong.body).toBe(unknown.body);
  expect(wrong.cookies).toEqual([]);
  expect(await auditOf()).toEqual([
    'eve sign-in refused: wrong name or password',
    'ann sign-in refused: wrong name or password',
  ]);
  const told = JSON.stringify([log.lines, await app.ledger.audit.newest(10)]);
  expect(told).not.toContain('hunter2');
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
});

test.each<[string, unknown, Readonly<Record<string, string>>]>([
  ['another site', { name: 'ann', password: PASSWORD }, { origin: 'https://evil.example.com' }],
  [
    'another site, by the browser’s word',
    { name: 'ann', password: PASSWORD },
    { 'sec-fetch-site': 'cross-site' },
  ],
  ['a form', `name=ann&password=${PASSWORD}`, { 'content-type': 'application/x-www-form-urlencoded' }],
  [
    'a form that looks like JSON',
    JSON.stringify({ name: 'ann', password: PASSWORD }),
    { 'content-type': 'text/plain' },
  ],
  ['a password that is a list', { name: 'ann', password: [PASSWORD] }, {}],
  ['a body that is no JSON', '{', { 'content-type': 'application/json' }],
  ['a body that is too large', { name: 'ann', password: 'x'.repeat(5_000) }, {}],
])('no sign-in by %s', async (_name, body, headers) => {
  const answer = await createBrowser(app.url).send('POST', '/auth/login', body, headers);

  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.cookies).toEqual([]);
});

test('who guesses is stopped after ten tries, all at once or one after the other, and so is the right password', async () => {
  const browser = createBrowser(app.url);
  const answers = await Promise.all(
    Array.from({ length: 15 }, (_, n) => login(browser, `ann${n}`, 'wrong wrong')),
  );
  const late = await login(browser, 'ann', PASSWORD);

  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    ...Array.from({ length: 10 }, () => 401),
    ...Array.from({ length: 5 }, () => 429),
  ]);
  expect(late.status).toBe(429);
  expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
  const { body } = await createBrowser(app.url).get('/metrics');
  expect(body).toContain('Not signed in');
  expect((await auditOf()).filter((line) => line.includes('tries are stopped: 1 '))).toHaveLength(1);
});

test('a user is held after twenty wrong tries from many addresses, but not where the user signed in before', async () => {
  app.reconfigure({ proxies: ['127.0.0.1'] });
  const from = (address: string) => {
    const browser = createBrowser(app.url);
    return (password: string) =>
      browser.send('POST', '/auth/login', { name: 'ann', password }, { 'x-forwarded-for': address });
  };
  expect((await from('192.0.2.1')(PASSWORD)).status).toBe(200);
  for (let n = 0; n < 20; n += 1) expect((await from(`198.51.100.${n}`)('wrong wrong')).status).toBe(401);

  expect((await from('198.51.100.99')(PASSWORD)).status).toBe(429);
  expect((await from('192.0.2.1')(PASSWORD)).status).toBe(200);
});

test('one address that tries without an end keeps no other address from signing in, and leaves no key per name', async () => {
  app.reconfigure({ proxies: ['127.0.0.1'] });
  const from = (address: string, name: string, password: string) =>
    createBrowser(app.url).send('POST', '/auth/login', { name, password }, { 'x-forwarded-for': address });
  for (let n = 0; n < 120; n += 1) await from('198.51.100.1', `made-up-${n}`, 'wrong wrong');

  expect((await from('198.51.100.1', 'ann', PASSWORD)).status).toBe(429);
  expect((await from('192.0.2.1', 'ann', PASSWORD)).status).toBe(200);
  const keys = await app.keys('*sign-in-tries:name*');
  expect(keys.length).toBeGreaterThan(0);
  expect(keys.length).toBeLessThanOrEqual(10);
});

test('a name of no user is held after as many tries as a user is', async () => {
  app.reconfigure({ proxies: ['127.0.0.1'] });
  const statuses: number[] = [];
  for (let n = 0; n < 22; n += 1) {
    const headers = { 'x-forwarded-for': `198.51.100.${n}` };
    const body = { name: 'eve', password: 'wrong wrong' };
    statuses.push((await createBrowser(app.url).send('POST', '/auth/login', body, headers)).status);
  }

  expect(statuses.slice(18)).toEqual([401, 401, 429, 429]);
});

test('wrong passwords from many addresses are told each at first, and then by their number', async () => {
  app.reconfigure({ proxies: ['127.0.0.1'] });
  for (let n = 0; n < 30; n += 1) {
    const headers = { 'x-forwarded-for': `198.51.100.${n}` };
    await createBrowser(app.url).send(
      'POST',
      '/auth/login',
      { name: `u${n}`, password: 'wrong wrong' },
      headers,
    );
  }

  const told = (await auditOf()).filter((line) => line.includes('wrong name or password'));
  expect(told).toHaveLength(6);
  expect(told[0]).toContain('(10 within a minute)');
});

test('an address that a visitor makes up counts for nothing', async () => {
  const statuses: number[] = [];
  for (let n = 0; n < 12; n += 1) {
    const headers = { 'x-forwarded-for': `198.51.100.${n}` };
    const body = { name: `u${n}`, password: 'wrong wrong' };
    statuses.push((await createBrowser(app.url).send('POST', '/auth/login', body, headers)).status);
  }

  expect(statuses.slice(10)).toEqual([429, 429]);
});

test('another role, another password and a removed user end the session', async () => {
  const other = await hashPassword('another password');
  for (const users of [[{ ...ann, role: 'viewer' as const }], [{ ...ann, hash: other }], []]) {
    app.reconfigure({ users: [ann] });
    const browser = createBrowser(app.url);
    await login(browser, 'ann', PASSWORD);
    expect((await who(browser)).principal?.role).toBe('operator');

    app.reconfigure({ users });
    expect((await who(browser)).principal).toBeNull();
  }
});

test('the one password of before signs in on the page, to look', async () => {
  const own = await startApp({ host: '0.0.0.0', password: 'one for all of us' });
  const browser = createBrowser(own.url);

  expect((await who(browser)).signIn.password).toBe(true);
  const answer = await login(browser, 'any name', 'one for all of us');
  expect(Session.parse(JSON.parse(answer.body)).principal).toEqual({
    name: '(password)',
    kind: 'user',
    role: 'viewer',
  });
  expect((await browser.get('/api/v1/findings')).status).toBe(200);
  await own.stop();
});
