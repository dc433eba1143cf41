import { expect, test } from 'vitest';
import { effectiveSettings } from './effective-settings.ts';
import type { MusterConfig } from './model.ts';
import { parseConfig } from './parse-config.ts';
import { mainSchema } from './reference.ts';
import { Secret } from './secret.ts';

interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
}

function pathsOf(node: Node | undefined, path: string): readonly string[] {
  return Object.entries(node?.properties ?? {}).flatMap(([key, child]) =>
    child.properties === undefined ? [`${path}.${key}`] : pathsOf(child, `${path}.${key}`),
  );
}

const TEXT = `
version: v3
teleport: {proxy_server: teleport.example.com:443}
discovery_service:
  enabled: true
  discovery_group: prod
  poll_interval: 10m
  aws:
    - types: [ec2]
      regions: ['*']
      assume_role_name: enroll
      external_id: not-to-be-told
      organization: {organization_id: o-abcdefghij, organizational_units: {include: ['*']}}
      install: {join_params: {token_name: muster, method: iam}}
muster:
  redis: {url: 'redis://user:s3cret-word@redis:6379'}
  limits: {installs_in_flight: 500}
  install: {timeout: 10m}
  freeze:
    - {name: year-end, from: 2026-12-20, to: 2027-01-04}
`;

function settings(
  change: (config: MusterConfig) => MusterConfig = (config) => config,
): ReadonlyMap<string, { readonly value: string; readonly isDefault: boolean }> {
  const parsed = parseConfig(TEXT, {
    file: 'muster.yaml',
    env: { MUSTER_CONSOLE_PASSWORD: 'another-secret' },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return new Map(effectiveSettings(change(parsed.config)).map(({ path, ...one }) => [path, one]));
}

test('a setting has the key of the file, the value of the file, and whether it is the default', () => {
  const all = settings();

  expect(all.get('discovery_service.poll_interval')).toEqual({ value: '10m', isDefault: false });
  expect(all.get('muster.limits.installs_in_flight')).toEqual({ value: '500', isDefault: false });
  expect(all.get('muster.limits.installs_in_flight_per_account')).toEqual({ value: '250', isDefault: true });
  expect(all.get('muster.install.timeout')).toEqual({ value: '10m', isDefault: false });
  expect(all.get('muster.console.listen')).toEqual({ value: '127.0.0.1:8080', isDefault: true });
  expect(all.get('muster.freeze[0].times.from')?.value).toBe('2026-12-20T00:00:00.000Z');
});

test('no secret is among them', () => {
  const text = JSON.stringify([...settings()]);

  expect(text).not.toMatch(/s3cret-word|another-secret|not-to-be-told/);
  for (const path of ['muster.redis.url', 'muster.console.password']) {
    expect(settings().get(path)?.value).toBe('[redacted]');
  }
});

test('of users, certificates and channels nothing is told that signs in or carries a token', () => {
  const all = settings((config) => ({
    ...config,
    console: {
      ...config.console,
      users: [{ name: 'ann', role: 'admin', hash: '$argon2id$v=19$not-to-be-told' }],
      tls: { certificate: '-----BEGIN CERTIFICATE----- not-to-be-told', key: new Secret('not-to-be-told') },
    },
    notify: [
      {
        name: 'ops',
        kind: 'slack',
        url: new Secret('https://hooks.example.com/not-to-be-told'),
        filter: { severity: 'page', kinds: null, owners: null, units: null, accounts: null },
        resolved: true,
        perHour: 10,
        allowPrivate: false,
      },
    ],
  }));

  expect(JSON.stringify([...all])).not.toContain('not-to-be-told');
  expect(all.get('muster.console.users_file')?.value).toBe('1 user');
  expect(all.get('muster.notify[0].url')?.value).toBe('[redacted]');
});

test('no setting is told twice', () => {
  const parsed = parseConfig(TEXT, { file: 'muster.yaml', env: {} });
  const paths = parsed.ok ? effectiveSettings(parsed.config).map(({ path }) => path) : [];

  expect(paths.length).toBeGreaterThan(50);
  expect(paths).toEqual([...new Set(paths)]);
});

test('every setting of muster that is no list is a key of the file', () => {
  const { properties } = mainSchema() as Node;
  const known = new Set(pathsOf(properties?.['muster'], 'muster'));

  const unknown = [...settings().keys()].filter(
    (path) =>
      path.startsWith('muster.') &&
      !path.includes('[') &&
      ![...known].some((one) => one === path || one.startsWith(`${path}.`)),
  );

  expect(unknown).toEqual([]);
});
