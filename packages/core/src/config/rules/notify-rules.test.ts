import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { explainConfig } from '../explain.ts';
import type { MusterConfig } from '../model.ts';
import { parseConfig } from '../parse-config.ts';
import { compareConfig } from '../reload.ts';
import { secretsOf } from '../secrets.ts';
import { formatFaults } from '../source/report.ts';

const SIGNING_KEY = `whsec_${randomBytes(32).toString('base64')}`;
const FILES: Readonly<Record<string, string>> = {
  'slack.url': 'https://hooks.slack.com/services/T0/B0/s3cret\n',
  'signing.key': `${SIGNING_KEY}\n`,
  'pagerduty.key': 'routing-key-of-32-characters-xx\n',
  'mail.password': 'mail-s3cret\n',
};

function parse(notify: readonly object[]) {
  const text = JSON.stringify({
    version: 'v3',
    teleport: { proxy_server: 'teleport.example.com:443' },
    discovery_service: {
      enabled: true,
      discovery_group: 'prod',
      aws: [{ types: ['ec2'], regions: ['eu-west-1'] }],
    },
    muster: { notify },
  });
  const readFile = (path: string) => {
    const found = FILES[path];
    return found === undefined
      ? { ok: false as const, code: 'ENOENT', line: 0, problem: 'cannot be read (ENOENT)' }
      : { ok: true as const, text: found };
  };
  return parseConfig(text, { file: 'muster.yaml', env: {}, readFile });
}

function compile(...notify: readonly object[]): MusterConfig {
  const parsed = parse(notify);
  if (!parsed.ok) throw new Error(formatFaults(parsed.faults));
  return parsed.config;
}

function faultsOf(...notify: readonly object[]): string {
  const parsed = parse(notify);
  return parsed.ok ? '' : formatFaults(parsed.faults);
}

const SLACK = { name: 'ops', kind: 'slack', url_file: 'slack.url' };

test('each kind of channel is read, with its secrets from files', () => {
  const config = compile(
    SLACK,
    { name: 'hook', kind: 'webhook', url: 'https://example.com/hook', secret_file: 'signing.key' },
    { name: 'pager', kind: 'pagerduty', secret_file: 'pagerduty.key' },
    {
      name: 'mail',
      kind: 'email',
      url: 'smtp://muster@mail.example.com:2525',
      secret_file: 'mail.password',
      from: 'muster@example.com',
      to: ['ops@example.com', 'team+aws@example.com'],
      severity: 'info',
      owners: ['aws-admin'],
      per_hour: 5,
      resolved: false,
    },
  );

  expect(config.notify.map(({ name, kind, filter: { severity } }) => [name, kind, severity])).toEqual([
    ['ops', 'slack', 'warn'],
    ['hook', 'webhook', 'warn'],
    ['pager', 'pagerduty', 'page'],
    ['mail', 'email', 'info'],
  ]);
  expect(config.notify[3]).toMatchObject({
    host: 'mail.example.com',
    port: 2525,
    isTls: false,
    user: 'muster',
    perHour: 5,
    resolved: false,
    filter: { owners: ['aws-admin'], kinds: null },
  });
});

test('no secret of a channel is printed, told by config check or left out of redaction', () => {
  const config = compile(SLACK, {
    name: 'hook',
    kind: 'webhook',
    url: 'https://user-token.example.com/hook',
    secret_file: 'signing.key',
  });
  const shown = `${inspect(config, { depth: null })} ${JSON.stringify(config)} ${explainConfig(config)}`;

  expect(shown).not.toContain('s3cret');
  expect(shown).not.toContain(SIGNING_KEY);
  expect(shown).not.toContain('user-token');
  expect(explainConfig(config)).toContain('ops (slack); what is warn or page; at most 30 messages an hour');
  expect(secretsOf(config).map((secret) => secret.reveal())).toEqual(
    expect.arrayContaining(['https://hooks.slack.com/services/T0/B0/s3cret', SIGNING_KEY]),
  );
});

test('a running process takes up a changed channel', () => {
  const change = compareConfig(compile(SLACK), compile({ ...SLACK, per_hour: 3 }));

  expect(change.kind === 'live' && [change.config.notify[0]?.perHour, change.restart]).toEqual([3, []]);
});

test.each([
  [{ kind: 'slack', url_file: 'slack.url' }, 'a channel needs a name'],
  [{ ...SLACK, name: 'Ops Team' }, 'lower-case letters, digits and -'],
  [{ name: 'ops' }, 'a channel needs a kind'],
  [{ ...SLACK, kind: 'teams' }, 'must be one of slack, webhook, pagerduty, email'],
  [{ name: 'ops', kind: 'slack' }, 'slack needs url, or url_file'],
  [{ ...SLACK, url: 'https://hooks.slack.com/x' }, 'not beside url'],
  [{ ...SLACK, url_file: 'nowhere' }, 'the file nowhere cannot be read'],
  [{ name: 'ops', kind: 'slack', url: 'http://hooks.slack.com/x' }, 'http:// needs allow_private'],
  [{ name: 'ops', kind: 'webhook', url: 'file:///etc/passwd' }, 'must be a URL: https://'],
  [{ name: 'ops', kind: 'webhook', url: 'https://a:b@example.com' }, 'holds a password'],
  [{ ...SLACK, secret: 'x' }, 'a secret does not belong into this file'],
  [{ ...SLACK, from: 'a@example.com' }, 'has no meaning for slack'],
  [
    { name: 'ops', kind: 'webhook', url: 'https://example.com', secret_file: 'mail.password' },
    'must hold whsec_',
  ],
  [{ name: 'ops', kind: 'pagerduty' }, 'pagerduty needs secret_file'],
  [{ name: 'ops', kind: 'email', url: 'smtp://mail.example.com', from: 'a@example.com' }, 'email needs to'],
  [
    { name: 'ops', kind: 'email', url: 'smtp://mail.example.com', from: 'a@b.c\nBcc: x@y.z', to: ['a@b.c'] },
    'must be an address',
  ],
  [{ ...SLACK, kinds: ['brake-engagd'] }, 'did you mean brake-engaged?'],
  [{ ...SLACK, kinds: [] }, 'lists nothing'],
  [{ ...SLACK, owners: ['somewhere'] }, 'must be one of operator'],
  [{ ...SLACK, units: ['production'] }, 'an id of a unit'],
  [{ ...SLACK, accounts: ['12'] }, 'an AWS account id has 12 digits'],
  [{ ...SLACK, severty: 'page' }, 'severity'],
])('%o is refused', (entry, message) => {
  const faults = faultsOf(entry);

  expect(faults).toContain(message);
  expect(faults).not.toContain('s3cret');
});

test('two channels of one name are refused', () => {
  expect(faultsOf(SLACK, SLACK)).toContain('a second channel of the name ops');
});
