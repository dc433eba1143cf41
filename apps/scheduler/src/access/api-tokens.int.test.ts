import { eventually } from '@muster/testing/eventually';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '@muster/core/control/access/role';
import { hashOfSecret } from '@muster/core/runtime/secret-token';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { createBrowser } from './browser.fixture.ts';

const ACT = '/api/v1/no-such-act';
const HOUR_MS = 3_600_000;

let app: RunningApp;
beforeAll(async () => {
  app = await startApp({ host: '0.0.0.0', console: { users: [] } });
});
afterAll(() => app.stop());

async function makeToken(role: Role, lifeMs = HOUR_MS): Promise<string> {
  const { secret } = await app.ledger.access.tokens.make({
    name: `ci-${role}`,
    role,
    scope: 'all',
    by: 'ann',
    lifeMs,
  });
  return secret;
}

function ask(method: string, path: string, secret: string) {
  return createBrowser(app.url).send(method, path, undefined, { authorization: `Bearer ${secret}` });
}

test('a program reads and acts by its token, within its role', async () => {
  const [viewer, operator] = [await makeToken('viewer'), await makeToken('operator')];

  expect((await ask('GET', '/metrics', viewer)).status).toBe(200);
  expect((await ask('POST', ACT, viewer)).status).toBe(403);
  expect((await ask('POST', ACT, operator)).status).toBe(404);
  expect(JSON.parse((await ask('GET', '/auth/session', operator)).body)).toMatchObject({
    principal: { name: 'ci-operator', kind: 'token', role: 'operator' },
    csrf: null,
  });
});

test.each(['', 'muster_', `muster_${'x'.repeat(43)}`, 'x'.repeat(43), 'muster_%00'])(
  'the token %j is none, and nothing else is asked',
  async (secret) => {
    const answer = await ask('GET', '/metrics', secret);

    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
  },
);

test('a token that has expired or was revoked is none', async () => {
  const [short, revoked] = [await makeToken('viewer', 1), await makeToken('viewer')];
  expect((await ask('GET', '/metrics', short)).status).toBe(401);

  const id = hashOfSecret(revoked).slice(0, 10);
  expect((await ask('GET', '/metrics', revoked)).status).toBe(200);
  expect((await app.ledger.access.tokens.list()).find((token) => token.id === id)?.usedAtMs).not.toBeNull();
  expect(await app.ledger.access.tokens.revoke(id)).toHaveLength(1);
  expect((await ask('GET', '/metrics', revoked)).status).toBe(401);
  expect(await app.ledger.access.tokens.revoke(id)).toEqual([]);
});

test('a token in a cookie or in the address is of no use', async () => {
  const secret = await makeToken('admin');
  const browser = createBrowser(app.url);
  browser.jar.set('muster_muster', secret);

  expect((await browser.get(`/metrics?token=${secret}`)).status).toBe(401);
  expect((await browser.get('/metrics')).status).toBe(401);
});

test('Redis holds no token', async () => {
  const secret = await makeToken('viewer');
  const stored = JSON.stringify(await app.command('HGETALL', '{muster}:api-tokens'));

  expect(stored).toContain(hashOfSecret(secret));
  expect(stored).not.toContain(secret.slice('muster_'.length));
});

test('while Redis is away, the metrics go on for a token that was right before, and nothing is done', async () => {
  const own = await startApp({ host: '0.0.0.0', console: { users: [] } });
  const { secret } = await own.ledger.access.tokens.make({
    name: 'p',
    role: 'operator',
    scope: 'all',
    by: 'a',
    lifeMs: HOUR_MS,
  });
  const browser = createBrowser(own.url);
  const headers = { authorization: `Bearer ${secret}` };
  expect((await browser.get('/metrics', headers)).status).toBe(200);
  await own.redis.stop();

  // What was read a moment ago is told for a second.
  await eventually('the metrics tell that Redis is away', async () => {
    const { status, body } = await browser.get('/metrics', headers);
    expect(status).toBe(200);
    return /^muster_ledger_up\{.*\} 0$/m.test(body);
  });
  expect((await browser.send('POST', ACT, {}, headers)).status).toBe(503);
  expect((await browser.get('/metrics', { authorization: `Bearer muster_${'y'.repeat(43)}` })).status).toBe(
    503,
  );
  await own.stop();
});

test('a token that is bound to an account acts on that account alone', async () => {
  const { secret } = await app.ledger.access.tokens.make({
    name: 'bound',
    role: 'operator',
    scope: 'account:111122223333' as never,
    by: 'ann',
    lifeMs: HOUR_MS,
  });
  const headers = { authorization: `Bearer ${secret}` };
  const plan = async (selection: object) => {
    const body = { kind: 'pause', selection, dry_run: true };
    return (await createBrowser(app.url).send('POST', '/api/v1/actions', body, headers)).status;
  };

  expect(await plan({ scope: 'all' })).toBe(403);
  expect(await plan({ scope: 'account:222233334444' })).toBe(403);
  expect(await plan({ filter: { account: '111122223333' } })).toBe(403);
  expect(await plan({ instances: ['i-0123456789abcdef0'] })).toBe(403);
  // It is let through: the ledger knows no such account.
  expect(await plan({ scope: 'account:111122223333' })).toBe(422);
  expect((await createBrowser(app.url).send('POST', ACT, {}, headers)).status).toBe(403);
});
