import type { Access } from '@muster/api/access';
import type { Role } from '@muster/core/control/access/role';
import type { ScopeText } from '@muster/core/control/scope';
import { anAccountId } from '@muster/testing/builders';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrowser } from '../access/browser.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';

const HASH =
  '$argon2id$v=19$m=19456,t=3,p=1$c2FsdHNhbHRzYWx0c2Fs$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';

const OF_ACCOUNT: ScopeText = `account:${anAccountId()}`;

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ console: { users: [{ name: 'ann', role: 'admin', hash: HASH }] } });
});
afterAll(() => app.stop());

/** A browser of this role, signed in by a link. */
async function signedIn(role: Role) {
  const browser = createBrowser(app.url);
  await browser.send('POST', `/auth/link/${await app.ledger.access.links.make({ name: 'ann', role })}`);
  const { csrf } = JSON.parse((await browser.get('/auth/session')).body) as { csrf: string };
  return {
    read: () => browser.get('/api/v1/access'),
    revoke: (id: string) =>
      browser.send('DELETE', `/api/v1/access/tokens/${id}`, undefined, { 'x-csrf-token': csrf }),
  };
}

function makeToken(name: string, more: { readonly role?: Role; readonly scope?: ScopeText } = {}) {
  const wanted = { name, role: 'viewer', scope: 'all', by: 'bob', lifeMs: 3_600_000, ...more } as const;
  return app.ledger.access.tokens.make(wanted);
}

function asks(secret: string, method = 'GET', path = '/metrics') {
  return createBrowser(app.url).send(method, path, undefined, { authorization: `Bearer ${secret}` });
}

test('an admin sees users and tokens, and neither a hash nor a secret of them', async () => {
  const { secret, token } = await makeToken('reports', { scope: OF_ACCOUNT });

  const { status, body } = await (await signedIn('admin')).read();

  expect(status).toBe(200);
  const { users, tokens } = JSON.parse(body) as Access;
  expect(users).toEqual([{ name: 'ann', role: 'admin' }]);
  expect(tokens.find(({ id }) => id === token.id)).toEqual({
    id: token.id,
    name: 'reports',
    role: 'viewer',
    scope: OF_ACCOUNT,
    by: 'bob',
    createdAt: new Date(token.createdAtMs).toISOString(),
    expiresAt: new Date(token.expiresAtMs).toISOString(),
    usedAt: null,
  });
  expect(body).not.toContain('argon2');
  expect(body).not.toContain(secret.slice('muster_'.length));
});

test.each(['operator', 'viewer'] as const)('%s sees none of it, and revokes no token', async (role) => {
  const { secret, token } = await makeToken(`kept-from-${role}`);
  const one = await signedIn(role);

  expect([(await one.read()).status, (await one.revoke(token.id)).status]).toEqual([403, 403]);
  expect((await asks(secret)).status).toBe(200);
});

test('a token that an admin revokes is refused at once, and the audit has who did it', async () => {
  const { secret, token } = await makeToken('old-pipeline');
  const admin = await signedIn('admin');
  expect((await asks(secret)).status).toBe(200);

  expect((await admin.revoke(token.id)).status).toBe(204);

  expect((await asks(secret)).status).toBe(401);
  const told = (await app.ledger.audit.newest(50)).filter(({ entry }) => entry?.act === 'token');
  expect(told.map(({ entry }) => entry)).toMatchObject([
    {
      result: 'done',
      by: { name: 'ann', kind: 'link', role: 'admin' },
      detail: `revoked ${token.id} old-pipeline`,
    },
  ]);
  expect((await admin.revoke(token.id)).status).toBe(404);
  expect((await admin.revoke('old-pipeline')).status).toBe(400);
});

test('a token of an admin revokes others, unless it is bound to an account', async () => {
  const [free, bound, other] = [
    await makeToken('free', { role: 'admin' }),
    await makeToken('bound', { role: 'admin', scope: OF_ACCOUNT }),
    await makeToken('other'),
  ];
  const path = `/api/v1/access/tokens/${other.token.id}`;

  expect((await asks(bound.secret, 'DELETE', path)).status).toBe(403);
  expect((await asks(free.secret, 'DELETE', path)).status).toBe(204);
});
