import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compareConfig } from '../reload.ts';
import type { MusterConfig } from '../model.ts';
import { parseConfig, type ParseResult } from '../parse-config.ts';
import { secretsOf } from '../secrets.ts';
import { formatFaults } from '../source/report.ts';

const HASH =
  '$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQxNmJ5dGVzIQ$arudPIZWFf8kuOnqvLdvRXN5d6j7VwM9IqGSZtCr0TI';
const FILES: Readonly<Record<string, string>> = {
  users: `ann:operator:${HASH}\n`,
  'bad-users': '\nann:hunter2\n',
  secret: 'a-shared-secret-of-the-proxy\n',
  short: 'short\n',
};

function parse(console: object, files = FILES): ParseResult {
  const text = JSON.stringify({ version: 'v3', discovery_service: { enabled: false }, muster: { console } });
  const readFile = (path: string) =>
    files[path] === undefined
      ? { ok: false as const, code: 'ENOENT', line: 0, problem: 'cannot be read (ENOENT)' }
      : { ok: true as const, text: files[path] };
  return parseConfig(text, { file: 'muster.yaml', env: {}, readFile });
}

function compile(...args: Parameters<typeof parse>): MusterConfig {
  const result = parse(...args);
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.config;
}

function faultsOf(console: object): string {
  const result = parse(console);
  return result.ok ? '' : formatFaults(result.faults);
}

const OIDC = { issuer: 'https://id.example.com', client_id: 'muster', roles: { sre: 'operator' } };
const PROXY = { secret_file: 'secret', roles: { '*': 'viewer' } };

describe('the console off loopback', () => {
  const OPEN = { listen: '0.0.0.0:8080' };

  test('is refused while nothing says who may come in', () => {
    expect(faultsOf(OPEN)).toContain('the console would be open to the network on 0.0.0.0');
  });

  test.each([
    ['users', { users_file: 'users' }],
    ['single sign-on', { public_url: 'https://muster.example.com', oidc: OIDC }],
    ['a trusted proxy', { trusted_proxy: PROXY }],
    ['a password', { password_file: 'secret' }],
  ])('is allowed with %s', (_name, more) => {
    expect(faultsOf({ ...OPEN, ...more })).toBe('');
  });

  test('without TLS and without a proxy that speaks it gets a note', () => {
    const notes = (more: object) => JSON.stringify(parse({ ...OPEN, users_file: 'users', ...more }).notes);

    expect(notes({})).toContain('unencrypted');
    expect(notes({ public_url: 'https://muster.example.com' })).not.toContain('unencrypted');
  });
});

test('users come from their file; one that is not there yet lets no user in', () => {
  const { console, files } = compile({ users_file: 'users' });

  expect(console.users).toEqual([{ name: 'ann', role: 'operator', hash: HASH }]);
  expect(files).toEqual(['users']);
  const missing = parse({ listen: '0.0.0.0:1', users_file: 'none' });
  expect(missing.ok && missing.config.console.users).toEqual([]);
  expect(JSON.stringify(missing.notes)).toContain('until muster user add makes it');
});

test('single sign-on has what it needs, and its defaults', () => {
  expect(compile({ public_url: 'https://muster.example.com', oidc: OIDC }).console.oidc).toEqual({
    issuer: 'https://id.example.com',
    clientId: 'muster',
    clientSecret: null,
    redirectUrl: 'https://muster.example.com/auth/oidc/callback',
    label: 'id.example.com',
    scopes: ['openid', 'profile', 'email'],
    groupsClaim: 'groups',
    nameClaim: 'email',
    roles: { sre: 'operator' },
  });
});

test.each<[string, object]>([
  ['users_file: the file bad-users, line 2, is not NAME:ROLE:HASH', { users_file: 'bad-users' }],
  ['oidc.issuer: must be the https:// URL', { oidc: { ...OIDC, issuer: 'http://id.example.com' } }],
  ['oidc.client_id: is missing', { oidc: { ...OIDC, client_id: undefined } }],
  ['oidc.redirect_url: must be the URL of the console', { oidc: OIDC }],
  ['oidc.redirect_url', { oidc: { ...OIDC, redirect_url: 'https://muster.example.com/' } }],
  ['oidc.roles: is empty', { oidc: { ...OIDC, roles: undefined } }],
  ['oidc.roles.sre: must be one of viewer, operator, admin', { oidc: { ...OIDC, roles: { sre: 'root' } } }],
  ['oidc.scopes: must have openid', { oidc: { ...OIDC, scopes: ['email'] } }],
  [
    'oidc.client_secret_file: the file none cannot be read',
    { oidc: { ...OIDC, client_secret_file: 'none' } },
  ],
  ['trusted_proxy.secret_file: is missing', { trusted_proxy: { ...PROXY, secret_file: undefined } }],
  [
    'trusted_proxy.secret_file: the shared secret needs',
    { trusted_proxy: { ...PROXY, secret_file: 'short' } },
  ],
  ['trusted_proxy.header: must be the name of a header', { trusted_proxy: { ...PROXY, header: 'a b' } }],
  ['trusted_proxy.roles: is empty', { trusted_proxy: { ...PROXY, roles: {} } }],
  ['public_url: must be http:// or https://', { public_url: 'muster.example.com' }],
  ['public_url: must be http:// or https://', { public_url: 'https://muster.example.com/x' }],
  ['proxies[0]: must be an address or a network', { proxies: ['10.0.0.0/33'] }],
  ['proxies[0]: must be an address or a network', { proxies: ['proxy'] }],
  ['tls.key_file: is missing', { tls: { cert_file: 'secret' } }],
  [
    'tls.cert_file: the certificate and the key of key_file cannot be used',
    { tls: { cert_file: 'secret', key_file: 'secret' } },
  ],
  ['session.idle: must be at most longest (12h)', { session: { idle: '13h' } }],
])('%s', (fault, console) => {
  const faults = faultsOf(console);

  expect(faults).toContain(`muster.console.${fault}`);
  expect(faults).not.toContain('hunter2');
});

test('secrets are none in print, and are known to the redaction', () => {
  const config = compile({ trusted_proxy: PROXY });

  expect(JSON.stringify(config.console)).not.toContain('a-shared-secret');
  expect(secretsOf(config).map((secret) => secret.reveal())).toContain('a-shared-secret-of-the-proxy');
});

describe('while the console runs', () => {
  const pem = selfSigned();
  const files = { ...FILES, cert: pem.cert, key: pem.key };
  const tls = { cert_file: 'cert', key_file: 'key' };

  test('who may come in is taken up; where it listens is not', () => {
    const before = compile({ users_file: 'users' });
    const after = compile({ listen: '127.0.0.1:9', users_file: 'users', trusted_proxy: PROXY });
    const change = compareConfig(before, after);

    expect(change).toMatchObject({ kind: 'live', restart: ['muster.console'] });
    expect(change.kind === 'live' && change.config.console).toMatchObject({
      port: 8080,
      trustedProxy: { header: 'x-forwarded-user' },
    });
    const users = compile({ users_file: 'users' }, { users: `bob:viewer:${HASH}` });
    expect(compareConfig(before, users)).toMatchObject({
      kind: 'live',
      restart: [],
      config: { console: { users: [{ name: 'bob' }] } },
    });
  });

  test('the sign-in stays while the process still listens on the network and nothing else would say who may come in', () => {
    const before = compile({ listen: '0.0.0.0:8080', users_file: 'users' });
    const change = compareConfig(before, compile({ listen: '127.0.0.1:8080', session: { idle: '5m' } }));

    expect(change).toMatchObject({
      kind: 'live',
      restart: ['muster.console'],
      config: {
        console: { host: '0.0.0.0', users: [{ name: 'ann' }], session: { idleMs: 300_000 } },
      },
    });
  });

  test('on loopback the sign-in is taken away at once', () => {
    const change = compareConfig(compile({ users_file: 'users' }), compile({}));

    expect(change).toMatchObject({ kind: 'live', restart: [], config: { console: { users: null } } });
  });

  test('another certificate is taken up; TLS where there was none is not', () => {
    const [plain, one] = [compile({}), compile({ tls }, files)];
    const renewed = compile({ tls }, { ...files, ...selfSigned() });

    expect(compareConfig(one, renewed)).toMatchObject({
      kind: 'live',
      restart: [],
      config: { console: { tls: { certificate: renewed.console.tls?.certificate } } },
    });
    expect(compareConfig(plain, one)).toMatchObject({
      restart: ['muster.console'],
      config: { console: { tls: null } },
    });
  });
});

function selfSigned(): { readonly cert: string; readonly key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'muster-tls-'));
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-batch'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        ...subject,
        '-keyout',
        key,
        '-out',
        cert,
      ],
      { stdio: 'ignore' },
    );
    return { cert: readFileSync(cert, 'utf8').trimEnd(), key: readFileSync(key, 'utf8').trimEnd() };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
