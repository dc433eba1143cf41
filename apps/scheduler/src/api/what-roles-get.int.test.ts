/** What no role gets: a secret of the configuration; and what a viewer does not: anything that changes something. */
import type { MusterConfig } from '@muster/core/config/model';
import { parseConfig } from '@muster/core/config/parse-config';
import { secretsOf } from '@muster/core/config/secrets';
import { formatFaults } from '@muster/core/config/source/report';
import {
  OFFLINE_FACTS,
  organizationMatcher,
  systemConfig,
  TEST_MARKER_KEY,
} from '@muster/testing/system-config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBrowser } from '../access/browser.fixture.ts';
import { accountId, SEEDED, seedOrganization } from '../console/seeded-ledger.fixture.ts';
import { type RunningApp, startApp } from '../http/running-app.fixture.ts';
import { API_ROUTES } from './routes.ts';

const USERS_HASH = 'aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g';
const FILES: Readonly<Record<string, string>> = {
  users: `ann:admin:$argon2id$v=19$m=19456,t=3,p=1$c2FsdHNhbHRzYWx0c2Fs$${USERS_HASH}\n`,
  'oidc.secret': 'secret-of-the-client-of-the-provider\n',
  'slack.url': 'https://hooks.slack.com/services/T0/B0/secret-path-of-slack\n',
  'pagerduty.key': 'routing-key-of-32-characters-xx\n',
  'mail.password': 'password-of-the-mail-server\n',
  redis: 'password-of-redis-in-a-file\n',
};

function configuration(): MusterConfig {
  const text = JSON.stringify(
    systemConfig(OFFLINE_FACTS, {
      discovery_service: {
        aws: [{ ...organizationMatcher(OFFLINE_FACTS), external_id: 'external-id-of-the-role' }],
      },
      muster: {
        redis: { prefix: 'test', password_file: 'redis' },
        console: {
          public_url: 'https://muster.example.com',
          users_file: 'users',
          oidc: {
            issuer: 'https://id.example.com',
            client_id: 'muster',
            client_secret_file: 'oidc.secret',
            roles: { admins: 'admin' },
          },
        },
        notify: [
          { name: 'ops', kind: 'slack', url_file: 'slack.url' },
          { name: 'pager', kind: 'pagerduty', secret_file: 'pagerduty.key' },
          {
            name: 'mail',
            kind: 'email',
            url: 'smtp://muster@mail.example.com:587',
            secret_file: 'mail.password',
            from: 'muster@example.com',
            to: ['ops@example.com'],
          },
        ],
      },
    }),
  );
  const parsed = parseConfig(text, {
    file: 'muster.yaml',
    env: { MUSTER_MARKER_KEY: TEST_MARKER_KEY, MUSTER_CONSOLE_PASSWORD: 'password-for-all-of-the-console' },
    readFile: (path) => {
      const found = FILES[path];
      return found === undefined
        ? { ok: false, code: 'ENOENT', line: 0, problem: 'cannot be read (ENOENT)' }
        : { ok: true, text: found };
    },
  });
  if (!parsed.ok) throw new Error(formatFaults(parsed.faults));
  return parsed.config;
}

/** What the paths with a parameter are asked about. */
const KNOWN: Readonly<Record<string, string>> = {
  accountId: accountId(0),
  instanceId: 'i-00000000000000001',
  id: `paused@account:${accountId(3)}`,
};
const config = configuration();
const secrets = [USERS_HASH, ...secretsOf(config).map((secret) => secret.reveal())];

let app: RunningApp;
let admin: ReturnType<typeof createBrowser>;

beforeAll(async () => {
  // The redactor knows none of them: what it would hide is not there in the first place.
  app = await startApp({ configuration: config });
  await seedOrganization(app.ledger, Date.now());
  await app.modelHas(SEEDED.instances);
  admin = createBrowser(app.url);
  const link = await app.ledger.access.links.make({ name: 'ann', role: 'admin' });
  await admin.send('POST', `/auth/link/${link}`);
});
afterAll(() => app.stop());

test('the configuration holds a secret of every kind', () => {
  const shown = secrets.join('\n');

  const { users: _, ...others } = FILES;
  for (const one of [
    ...Object.values(others),
    TEST_MARKER_KEY,
    'external-id-of-the-role',
    'password-for-all',
  ]) {
    expect(shown).toContain(one.trim());
  }
  expect(config.console.users).toHaveLength(1);
});

const READ = API_ROUTES.filter(({ method, path }) => method === 'get' && path !== '/events').map(({ path }) =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(KNOWN[name] ?? '')),
);

test.each([...READ.map((path) => `/api/v1${path}`), '/metrics', '/auth/session', '/queues/api/queues', '/'])(
  'GET %s tells no secret of the configuration',
  async (path) => {
    const { status, body } = await admin.send('GET', path);

    expect(status).toBe(path.includes('/actions/') ? 404 : 200);
    expect(secrets.filter((secret) => body.includes(secret))).toEqual([]);
  },
);

const CHANGES = API_ROUTES.filter(({ method }) => method !== 'get').map(({ method, path }) => [
  method.toUpperCase(),
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(KNOWN[name] ?? '')),
]);

test.each(CHANGES)(
  'a viewer, signed in or by a token, gets nothing done by %s %s',
  async (method = '', path = '') => {
    const body = method === 'DELETE' ? undefined : {};
    const { links, tokens } = app.ledger.access;
    const viewer = createBrowser(app.url);
    await viewer.send('POST', `/auth/link/${await links.make({ name: 'vic', role: 'viewer' })}`);
    const { csrf } = JSON.parse((await viewer.get('/auth/session')).body) as { csrf: string };
    const { secret } = await tokens.make({
      name: 'reports',
      role: 'viewer',
      scope: 'all',
      by: 'ann',
      lifeMs: 60_000,
    });

    const bySession = await viewer.send(method, `/api/v1${path}`, body, { 'x-csrf-token': csrf });
    const byToken = await createBrowser(app.url).send(method, `/api/v1${path}`, body, {
      authorization: `Bearer ${secret}`,
    });

    expect([bySession.status, byToken.status]).toEqual([403, 403]);
    expect(bySession.body).toContain('operator');
  },
);

test('only who may come in is an admin’s alone, and no route makes a user or a token', () => {
  expect(API_ROUTES.length).toBeGreaterThan(20);
  expect(
    API_ROUTES.filter(({ role }) => role === 'admin').map(({ method, path }) => `${method} ${path}`),
  ).toEqual(['get /access', 'delete /access/tokens/{id}']);
});
