import { afterAll, beforeAll, expect, test } from 'vitest';
import { Session } from '@muster/api/session';
import { hashOfSecret } from '@muster/core/runtime/secret-token';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { type Browser, createBrowser } from './browser.fixture.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

async function who(browser: Browser): Promise<Session> {
  const answer = await browser.get('/auth/session');
  expect(answer.status).toBe(200);
  return Session.parse(JSON.parse(answer.body));
}

async function signIn(browser: Browser, role: 'operator' | 'viewer' = 'operator'): Promise<string> {
  const secret = await app.ledger.access.links.make({ name: 'ann@laptop', role });
  expect((await browser.send('POST', `/auth/link/${secret}`)).status).toBe(303);
  return secret;
}

/** What a signed-in operator may do and a visitor may not: nothing answers there, and 404 says that the guard let it pass. */
const ACT = '/api/v1/no-such-act';

test('with nothing configured this machine looks, and the answer says how to act', async () => {
  const browser = createBrowser(app.url);

  expect(await who(browser)).toEqual({
    principal: { name: 'this machine', kind: 'loopback', role: 'viewer' },
    csrf: null,
    signIn: { password: false, oidc: null, link: true },
  });
  const refused = await browser.send('POST', ACT, {});
  expect(refused.status).toBe(401);
  expect(refused.headers['content-type']).toContain('application/problem+json');
  expect(JSON.parse(refused.body)).toMatchObject({
    type: 'about:blank',
    status: 401,
    detail: expect.stringContaining('muster console login'),
  });
});

test('opening a link changes nothing; its button signs in, once', async () => {
  const secret = await app.ledger.access.links.make({ name: '<i>ann</i>', role: 'admin' });
  const browser = createBrowser(app.url);

  for (let time = 0; time < 3; time += 1) {
    const opened = await browser.get(`/auth/link/${secret}`, { 'sec-purpose': 'prefetch' });
    expect(opened.status).toBe(200);
    expect(opened.cookies).toEqual([]);
    expect(opened.body).toContain(`action="/auth/link/${secret}"`);
    expect(opened.body).not.toContain('<i>');
    expect(opened.headers['content-security-policy']).toContain("form-action 'self'");
  }
  const used = await browser.send('POST', `/auth/link/${secret}`, undefined, { origin: app.url });
  expect([used.status, used.headers['location']]).toEqual([303, '/']);
  expect((await who(browser)).principal).toEqual({ name: '<i>ann</i>', kind: 'link', role: 'admin' });

  const other = createBrowser(app.url);
  expect((await other.get(`/auth/link/${secret}`)).status).toBe(410);
  expect((await other.send('POST', `/auth/link/${secret}`)).status).toBe(410);
  expect((await who(other)).principal?.kind).toBe('loopback');
});

test('of two browsers that press the button at once, one is signed in', async () => {
  const secret = await app.ledger.access.links.make({ name: 'ann', role: 'operator' });
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => createBrowser(app.url).send('POST', `/auth/link/${secret}`)),
  );

  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([303, 410, 410, 410]);
});

test('the cookie is out of reach of scripts and of other sites, and Redis holds neither it nor the link', async () => {
  const browser = createBrowser(app.url);
  const secret = await app.ledger.access.links.make({ name: 'ann', role: 'operator' });
  const [key] = await app.keys('*sign-in-link*');
  expect(key).toBe(`{muster}:sign-in-link:${hashOfSecret(secret)}`);
  expect(Number(await app.command('PTTL', key ?? ''))).toBeGreaterThan(590_000);
  const { cookies } = await browser.send('POST', `/auth/link/${secret}`);

  expect(cookies).toHaveLength(1);
  expect(cookies[0]).toMatch(/^muster_muster=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  const [cookie = ''] = browser.jar.values();
  expect((await app.keys('*')).join('\n')).not.toContain(cookie);
});

test('a session may write with its CSRF token only, and only from a page of this console', async () => {
  const browser = createBrowser(app.url);
  await signIn(browser);
  const { csrf } = await who(browser);
  const act = async (headers: Record<string, string>) =>
    (await browser.send('POST', ACT, {}, headers)).status;

  expect(await act({})).toBe(403);
  expect(await act({ 'x-csrf-token': 'x' })).toBe(403);
  expect(await act({ 'x-csrf-token': `${csrf}x` })).toBe(403);
  expect(await act({ 'x-csrf-token': csrf ?? '' })).toBe(404);
  expect(await act({ 'x-csrf-token': csrf ?? '', origin: app.url })).toBe(404);
  expect(await act({ 'x-csrf-token': csrf ?? '', origin: 'https://evil.example.com' })).toBe(403);
  expect(await act({ 'x-csrf-token': csrf ?? '', origin: 'null' })).toBe(403);
  expect(await act({ 'x-csrf-token': csrf ?? '', 'sec-fetch-site': 'cross-site' })).toBe(403);
  expect(await act({ 'x-csrf-token': csrf ?? '', 'sec-fetch-site': 'same-site' })).toBe(403);
});

test('another session’s CSRF token is of no use', async () => {
  const [one, other] = [createBrowser(app.url), createBrowser(app.url)];
  await signIn(one);
  await signIn(other);
  const { csrf } = await who(other);

  expect((await one.send('POST', ACT, {}, { 'x-csrf-token': csrf ?? '' })).status).toBe(403);
});

test('a viewer may not act, whatever the token', async () => {
  const browser = createBrowser(app.url);
  await signIn(browser, 'viewer');
  const { csrf } = await who(browser);

  const refused = await browser.send('POST', ACT, {}, { 'x-csrf-token': csrf ?? '' });

  expect(refused.status).toBe(403);
  expect(refused.body).toContain('this needs operator');
});

test('a session that a visitor brings along does not become the signed-in one', async () => {
  const browser = createBrowser(app.url);
  browser.jar.set('muster_muster', 'x'.repeat(43));
  await signIn(browser);
  const [planted, given] = ['x'.repeat(43), browser.jar.get('muster_muster')];
  expect(given).not.toBe(planted);

  const attacker = createBrowser(app.url);
  attacker.jar.set('muster_muster', planted);
  expect((await who(attacker)).principal?.kind).toBe('loopback');
});

test('signing in again ends the session before', async () => {
  const browser = createBrowser(app.url);
  await signIn(browser, 'viewer');
  const before = browser.jar.get('muster_muster') ?? '';
  await signIn(browser, 'operator');

  const old = createBrowser(app.url);
  old.jar.set('muster_muster', before);
  expect((await who(old)).principal?.kind).toBe('loopback');
  expect((await who(browser)).principal?.role).toBe('operator');
});

test('signing out ends the session for a copy of the cookie, too', async () => {
  const browser = createBrowser(app.url);
  await signIn(browser);
  const copy = createBrowser(app.url);
  copy.jar.set('muster_muster', browser.jar.get('muster_muster') ?? '');
  expect((await who(copy)).principal?.kind).toBe('link');
  expect((await browser.send('POST', '/auth/logout')).status).toBe(403);
  const { csrf } = await who(browser);
  expect((await browser.send('POST', '/auth/logout', undefined, { 'x-csrf-token': csrf ?? '' })).status).toBe(
    204,
  );

  expect(browser.jar.size).toBe(0);
  expect((await who(copy)).principal?.kind).toBe('loopback');
});

test('a session ends when it was idle, and at the latest when its time is over', async () => {
  const browser = createBrowser(app.url);
  await signIn(browser);
  const id = hashOfSecret(browser.jar.get('muster_muster') ?? '');
  const [session, seen] = [`{muster}:session:${id}`, `{muster}:session-seen:${id}`];
  const ttl = async (key: string) => Number(await app.command('PTTL', key));

  await app.command('PEXPIRE', seen, '60000');
  await browser.get('/auth/session', { 'x-muster-background': '1' });
  expect(await ttl(seen)).toBeLessThanOrEqual(60_000);
  await browser.get('/auth/session');
  expect(await ttl(seen)).toBeGreaterThan(1_700_000);
  expect(await ttl(session)).toBeLessThanOrEqual(12 * 3_600_000);
  await app.command('PEXPIRE', session, '100000');
  await browser.get('/auth/session');
  expect(await ttl(session)).toBeLessThanOrEqual(100_000);

  await app.command('DEL', seen);
  expect((await who(browser)).principal?.kind).toBe('loopback');
});

test.each(['/api/v1/events', '/queues/api/queues'])(
  'a page that goes on asking for %s by itself keeps no session from being idle',
  async (path) => {
    const browser = createBrowser(app.url);
    await signIn(browser);
    const seen = `{muster}:session-seen:${hashOfSecret(browser.jar.get('muster_muster') ?? '')}`;
    await app.command('PEXPIRE', seen, '60000');

    const cookie = `muster_muster=${browser.jar.get('muster_muster') ?? ''}`;
    const asked = await fetch(app.url + path, { headers: { cookie } });
    expect(asked.status).toBe(200);
    await asked.body?.cancel();

    expect(Number(await app.command('PTTL', seen))).toBeLessThanOrEqual(60_000);
  },
);

test('while Redis is away a sign-in is told to be tried later', async () => {
  const own = await startApp({ password: 'correct horse' });
  await own.redis.stop();

  const body = { name: 'ann', password: 'correct horse' };
  const answer = await createBrowser(own.url).send('POST', '/auth/login', body);

  expect(answer.status).toBe(503);
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.headers['retry-after']).toBe('5');
  await own.stop();
});

test('while Redis is away this machine looks on, and a session is not taken for none where it acts', async () => {
  const own = await startApp();
  const browser = createBrowser(own.url);
  browser.jar.set('muster_muster', 'x'.repeat(43));
  await own.redis.stop();

  expect((await browser.get('/auth/session')).status).toBe(200);
  const acting = await browser.send('POST', ACT, {});
  expect(acting.status).toBe(503);
  expect(acting.body).toContain('Redis is away');
  await own.stop();
});
