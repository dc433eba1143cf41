import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Session } from '@muster/api/session';
import type { OidcSettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { type Answer, type Browser, createBrowser } from './browser.fixture.ts';

const CLIENT_SECRET = 'a-secret-of-the-client-at-the-provider';
const USERS: Readonly<Record<string, { readonly groups: readonly string[]; readonly verified?: boolean }>> = {
  ann: { groups: ['dev', 'sre'] },
  eve: { groups: ['dev'] },
  una: { groups: ['sre'], verified: false },
};

/** Of too many it says where they could be asked for, as Entra ID does. */
function groupsOf(id: string): object {
  if (id !== 'max') return { groups: [...(USERS[id]?.groups ?? [])] };
  return {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://example.com/groups' } },
  };
}

let provider: Server;
let app: RunningApp;
let settings: OidcSettings;
beforeAll(async () => {
  provider = createServer();
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  app = await startApp();
  const redirectUrl = `${app.url}/auth/oidc/callback`;
  const oidc = new Provider(issuer, {
    clients: [{ client_id: 'muster', client_secret: CLIENT_SECRET, redirect_uris: [redirectUrl] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    pkce: { required: () => true },
    cookies: { keys: ['test'] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: USERS[id]?.verified ?? true,
        ...groupsOf(id),
      }),
    }),
  });
  // It says on the log of the process that it is a provider for tests.
  const answer = oidc.callback();
  provider.on('request', (request, response) => {
    void answer(request, response);
  });
  settings = {
    issuer,
    clientId: 'muster',
    clientSecret: new Secret(CLIENT_SECRET),
    redirectUrl,
    label: 'Example',
    scopes: ['openid', 'email', 'groups'],
    groupsClaim: 'groups',
    nameClaim: 'email',
    roles: { sre: 'operator' },
  };
});
beforeEach(() => {
  app.reconfigure({ oidc: settings });
});
afterAll(async () => {
  await app.stop();
  provider.closeAllConnections();
  provider.close();
});

/** Signs in at the provider as a person does, by its own pages, and follows it until it leads back to the console. */
async function throughProvider(start: string, user: string): Promise<string> {
  const origin = settings.issuer;
  const browser = createBrowser(origin);
  const pathOf = (location: string) => {
    const url = new URL(location, origin);
    return url.origin === origin ? url.pathname + url.search : null;
  };
  let answer: Answer = await browser.get(pathOf(start) ?? '');
  for (let step = 0; step < 10; step += 1) {
    const location = String(answer.headers['location'] ?? '');
    if (answer.status >= 300 && answer.status < 400) {
      const path = pathOf(location);
      if (path === null) return location;
      answer = await browser.get(path);
      continue;
    }
    const action = /action="([^"]+)"/.exec(answer.body)?.[1] ?? '';
    const prompt = /name="prompt" value="([^"]+)"/.exec(answer.body)?.[1] ?? '';
    const form = new URLSearchParams({ prompt, login: user, password: 'any' }).toString();
    answer = await browser.send('POST', pathOf(action) ?? '', form, {
      'content-type': 'application/x-www-form-urlencoded',
      origin,
    });
  }
  throw new Error(`the provider leads nowhere: ${answer.status} ${answer.body.slice(0, 300)}`);
}

async function begin(browser: Browser, next = '/'): Promise<string> {
  const answer = await browser.get(`/auth/oidc/start?next=${encodeURIComponent(next)}`);
  expect(answer.status).toBe(303);
  return String(answer.headers['location']);
}

function back(browser: Browser, location: string): Promise<Answer> {
  const { pathname, search } = new URL(location);
  return browser.get(pathname + search, {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  });
}

async function who(browser: Browser): Promise<Session> {
  return Session.parse(JSON.parse((await browser.get('/auth/session')).body));
}

test('a user comes back from the provider signed in, with the role of the groups, where the user wanted to go', async () => {
  const browser = createBrowser(app.url);
  expect((await who(browser)).signIn.oidc).toBe('Example');
  const location = await begin(browser, '/instances?state=failed');
  const asked = new URL(location).searchParams;
  expect([asked.get('response_type'), asked.get('code_challenge_method')]).toEqual(['code', 'S256']);

  const answer = await back(browser, await throughProvider(location, 'ann'));

  expect([answer.status, answer.headers['location']]).toEqual([303, '/instances?state=failed']);
  expect((await who(browser)).principal).toEqual({ name: 'ann@example.com', kind: 'oidc', role: 'operator' });
  const [entry] = await app.ledger.audit.newest(1);
  expect(entry?.entry).toMatchObject({
    act: 'sign-in',
    result: 'done',
    by: { name: 'ann@example.com', kind: 'oidc' },
  });
});

test('a user without a role is not let in, and the page names the user', async () => {
  const browser = createBrowser(app.url);
  const answer = await back(browser, await throughProvider(await begin(browser), 'eve'));

  expect(answer.status).toBe(403);
  expect(answer.body).toContain('eve@example.com');
  expect((await who(browser)).principal).toBeNull();
});

test('an address that the provider has not verified names no user', async () => {
  const browser = createBrowser(app.url);
  await back(browser, await throughProvider(await begin(browser), 'una'));

  expect((await who(browser)).principal?.name).toBe('una');
});

test('a way back is of use in the browser that began, once', async () => {
  const [browser, other] = [createBrowser(app.url), createBrowser(app.url)];
  const location = await throughProvider(await begin(browser), 'ann');
  await begin(other);

  expect((await back(other, location)).status).toBe(400);
  expect((await back(createBrowser(app.url), location)).status).toBe(400);
  expect((await who(other)).principal).toBeNull();
  expect((await back(browser, location)).status).toBe(303);
  expect((await back(browser, location)).status).toBe(400);
});

test('a sign-in that another tab began first does not end the one that was begun last', async () => {
  const browser = createBrowser(app.url);
  const first = await throughProvider(await begin(browser), 'ann');
  const last = await throughProvider(await begin(browser, '/findings'), 'ann');

  expect((await back(browser, first)).status).toBe(400);
  const answer = await back(browser, last);

  expect([answer.status, answer.headers['location']]).toEqual([303, '/findings']);
});

test('of a user whose groups the provider leaves out the page says so', async () => {
  const browser = createBrowser(app.url);
  const answer = await back(browser, await throughProvider(await begin(browser), 'max'));

  expect(answer.status).toBe(403);
  expect(answer.body).toContain('did not tell the groups of max@example.com');
});

test.each<[string, (query: URLSearchParams) => void]>([
  [
    'another code',
    (query) => {
      query.set('code', 'x'.repeat(43));
    },
  ],
  [
    'no code',
    (query) => {
      query.delete('code');
    },
  ],
  [
    'another issuer',
    (query) => {
      query.set('iss', 'https://evil.example.com');
    },
  ],
  [
    'an error of the provider',
    (query) => {
      query.delete('code');
      query.set('error', 'access_denied');
    },
  ],
])('a way back with %s signs nothing in', async (_name, spoil) => {
  const browser = createBrowser(app.url);
  const url = new URL(await throughProvider(await begin(browser), 'ann'));
  spoil(url.searchParams);
  const answer = await back(browser, url.href);

  expect(answer.status).toBe(401);
  expect((await who(browser)).principal).toBeNull();
});

test('the way back leads to this console and to no other site', async () => {
  const browser = createBrowser(app.url);
  const answer = await back(
    browser,
    await throughProvider(await begin(browser, '//evil.example.com/'), 'ann'),
  );

  expect([answer.status, answer.headers['location']]).toEqual([303, '/']);
});

test('another mapping of groups ends the sessions that rest on the one before', async () => {
  const browser = createBrowser(app.url);
  await back(browser, await throughProvider(await begin(browser), 'ann'));
  expect((await who(browser)).principal?.role).toBe('operator');

  app.reconfigure({ oidc: { ...settings, roles: { sre: 'viewer' } } });

  expect((await who(browser)).principal).toBeNull();
});

test('a provider that is away is told on a page, and one that is not configured is not there', async () => {
  app.reconfigure({ oidc: { ...settings, issuer: 'http://127.0.0.1:1' } });
  expect((await createBrowser(app.url).get('/auth/oidc/start')).status).toBe(502);

  app.reconfigure({ oidc: null });
  expect((await createBrowser(app.url).get('/auth/oidc/start')).status).toBe(404);
});

test('however many begin at once, a provider is asked once, and one that is away is left alone for some seconds', async () => {
  let asked = 0;
  const broken = createServer((_request, response) => {
    asked += 1;
    response.writeHead(500).end();
  });
  broken.listen(0, '127.0.0.1');
  await once(broken, 'listening');
  app.reconfigure({
    oidc: { ...settings, issuer: `http://127.0.0.1:${(broken.address() as AddressInfo).port}` },
  });
  const start = async () => (await createBrowser(app.url).get('/auth/oidc/start')).status;

  expect(await Promise.all([start(), start(), start()])).toEqual([502, 502, 502]);
  expect(await start()).toBe(502);
  expect(asked).toBe(1);

  broken.closeAllConnections();
  broken.close();
});

test('a network that begins sign-ins without an end is held up, and no other one is', async () => {
  app.reconfigure({ proxies: ['127.0.0.1'] });
  const start = async (address: string) =>
    createBrowser(app.url).get('/auth/oidc/start', { 'x-forwarded-for': address });
  for (let n = 0; n < 60; n += 1) expect((await start('192.0.2.1')).status).toBe(303);

  const late = await start('192.0.2.1');
  expect(late.status).toBe(429);
  expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
  expect((await start('192.0.2.2')).status).toBe(303);
  app.reconfigure({ proxies: [] });
});
