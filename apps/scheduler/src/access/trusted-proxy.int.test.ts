import { afterAll, beforeAll, expect, test } from 'vitest';
import { Session } from '@muster/api/session';
import type { TrustedProxySettings } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { recordingLog } from '@muster/testing/builders';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { createBrowser } from './browser.fixture.ts';

const SECRET = 'a-shared-secret-of-the-proxy';
const ACT = '/api/v1/no-such-act';

const TRUSTED: TrustedProxySettings = {
  header: 'x-forwarded-user',
  groupsHeader: 'x-forwarded-groups',
  secretHeader: 'x-muster-proxy-secret',
  secret: new Secret(SECRET),
  roles: { sre: 'operator', admins: 'admin' },
};

const log = recordingLog();
let app: RunningApp;
beforeAll(async () => {
  app = await startApp({
    log,
    host: '0.0.0.0',
    console: {
      publicUrl: 'https://muster.example.com',
      trustedProxy: TRUSTED,
    },
  });
});
afterAll(() => app.stop());

const BY_PROXY = {
  'x-muster-proxy-secret': SECRET,
  'x-forwarded-user': 'ann',
  'x-forwarded-groups': 'dev, sre',
};

function ask(headers: Readonly<Record<string, string>>, method = 'GET', path = '/auth/session') {
  return createBrowser(app.url).send(method, path, undefined, headers);
}

test('who the proxy names is known, with the highest role of the groups', async () => {
  const session = Session.parse(JSON.parse((await ask(BY_PROXY)).body));

  expect(session.principal).toEqual({ name: 'ann', kind: 'proxy', role: 'operator' });
  const admin = await ask({ ...BY_PROXY, 'x-forwarded-groups': 'admins,sre' });
  expect(Session.parse(JSON.parse(admin.body)).principal?.role).toBe('admin');
});

test('of a user in many groups each is looked at whole', async () => {
  const others = Array.from({ length: 200 }, (_, n) => `team-${n}`).join(',');
  const roleBy = async (groups: string) =>
    Session.parse(JSON.parse((await ask({ ...BY_PROXY, 'x-forwarded-groups': groups })).body)).principal
      ?.role;

  expect(await roleBy(`${others},sre`)).toBe('operator');
  // A thousand characters end right behind the name of another group.
  const before = 'x'.repeat(1_000 - ',sre,admins'.length);
  expect(await roleBy(`${before},sre,admins-of-nothing`)).toBe('operator');
});

test('names and groups of any script are those of the configuration', async () => {
  app.reconfigure({
    trustedProxy: { ...TRUSTED, roles: { Équipe: 'operator' } },
  });
  const asBytes = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
  const { body } = await ask({
    ...BY_PROXY,
    'x-forwarded-user': asBytes('José 漢'),
    'x-forwarded-groups': asBytes('Équipe'),
  });
  app.reconfigure({ trustedProxy: TRUSTED });

  expect(Session.parse(JSON.parse(body)).principal).toEqual({
    name: 'José 漢',
    kind: 'proxy',
    role: 'operator',
  });
});

test('names without the proxy’s secret are the visitor’s own, and a wrong secret is refused', async () => {
  const { 'x-muster-proxy-secret': _, ...own } = BY_PROXY;

  expect(Session.parse(JSON.parse((await ask(own)).body)).principal).toBeNull();
  expect((await ask(own, 'GET', '/metrics')).status).toBe(401);
  expect((await ask({ ...BY_PROXY, 'x-muster-proxy-secret': 'guess' })).status).toBe(401);
});

test('wrong secrets without an end fill neither the log nor the audit', async () => {
  log.lines.splice(0);
  const before = (await app.ledger.audit.newest(1_000)).length;
  for (let n = 0; n < 120; n += 1) {
    await ask({ ...BY_PROXY, 'x-muster-proxy-secret': 'guess', 'x-forwarded-for': '192.0.2.1' });
  }

  const entries = await app.ledger.audit.newest(1_000);
  expect(entries.length - before).toBeLessThanOrEqual(3);
  expect(log.lines.filter(({ level }) => level === 'warn').length).toBeLessThanOrEqual(3);
  // A visitor without the secret does not say from where it comes either.
  expect(entries[0]?.entry?.from).toBe('127.0.0.1');
});

test('a user without a role is not let in', async () => {
  const answer = await ask({ ...BY_PROXY, 'x-forwarded-groups': 'dev' }, 'GET', '/metrics');

  expect(answer.status).toBe(403);
  expect(answer.body).toContain('No group of ann');
});

test('the browser’s cookie for the proxy is not enough to act: another site has no CSRF token', async () => {
  const { csrf } = Session.parse(JSON.parse((await ask(BY_PROXY)).body));
  const act = async (more: Readonly<Record<string, string>>) =>
    (await ask({ ...BY_PROXY, ...more }, 'POST', ACT)).status;

  expect(await act({})).toBe(403);
  expect(await act({ 'x-csrf-token': csrf ?? '' })).toBe(404);
  expect(await act({ 'x-csrf-token': csrf ?? '', origin: 'https://muster.example.com' })).toBe(404);
  expect(await act({ 'x-csrf-token': csrf ?? '', origin: 'https://evil.example.com' })).toBe(403);
  const bob = Session.parse(JSON.parse((await ask({ ...BY_PROXY, 'x-forwarded-user': 'bob' })).body));
  expect(bob.csrf).not.toBe(csrf);
});

test('behind TLS the browser is told to keep to it', async () => {
  expect((await ask(BY_PROXY)).headers['strict-transport-security']).toBe('max-age=31536000');
});
