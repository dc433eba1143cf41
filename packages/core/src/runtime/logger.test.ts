import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { JobError } from './errors.ts';
import type { Logger } from './logger-port.ts';
import { createLogger, type LogLevel } from './logger.ts';
import { createRedactor } from './redaction.ts';

interface Captured {
  readonly log: Logger;
  readonly text: () => string;
  readonly lines: () => Record<string, unknown>[];
}

function capture(level: LogLevel = 'debug', secrets: readonly Secret[] = []): Captured {
  const written: string[] = [];
  const log = createLogger({
    name: 'worker',
    level,
    redact: createRedactor(secrets),
    destination: { write: (line: string) => void written.push(line) },
  });
  return {
    log,
    text: () => written.join(''),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

test('a line carries the message, the fields, the process, the level by name and the time in UTC', () => {
  const { log, lines } = capture();

  log.info({ accountId: '111122223333', durationMs: 12 }, 'target scanned');

  expect(lines()).toEqual([
    expect.objectContaining({
      name: 'worker',
      level: 'info',
      msg: 'target scanned',
      accountId: '111122223333',
      durationMs: 12,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    }),
  ]);
});

test('lines below the level are not written', () => {
  const { log, text } = capture('warn');

  log.info({}, 'quiet');

  expect(text()).toBe('');
});

test('a Secret never shows its value, wherever it stands', () => {
  const { log, text } = capture();

  log.info({ url: new Secret('hunter2-hunter2'), nested: { list: [new Secret('hunter2-hunter2')] } }, 'boot');
  log.child({ bound: new Secret('hunter2-hunter2') }).info({}, 'bound');

  expect(text()).not.toContain('hunter2');
  expect(text()).toContain('[redacted]');
});

test.each([
  ['password'],
  ['secretAccessKey'],
  ['SessionToken'],
  ['x-amz-security-token'],
  ['Authorization'],
  ['join_token'],
  ['credentials'],
])('the field %s is hidden at every depth, in child bindings too', (name) => {
  const { log, text } = capture();

  log.info({ [name]: 'plain-value', a: { b: { [name]: { c: 'plain-value' } } } }, 'fields');
  log.child({ a: { [name]: 'plain-value' } }).info({}, 'bound');

  expect(text()).not.toContain('plain-value');
});

test('names that only look like secrets stay readable', () => {
  const { log, lines } = capture();

  log.info({ nextToken: 'page-2', tokens: 5, password: null }, 'page');

  expect(lines()[0]).toMatchObject({ nextToken: 'page-2', tokens: 5, password: null });
});

test('an error keeps its name, code, details, stack and causes', () => {
  const { log, lines } = capture();
  const cause = new Error('socket hang up');
  const error = new JobError('aws.unavailable', 'SSM did not answer', {
    retry: 'backoff',
    details: { operation: 'SendCommand' },
    cause,
  });

  log.error({ err: error }, 'job failed');

  expect(lines()[0]?.['err']).toMatchObject({
    type: 'JobError',
    message: 'SSM did not answer',
    code: 'aws.unavailable',
    details: { operation: 'SendCommand' },
    stack: expect.stringContaining('logger.test.ts') as string,
    cause: { type: 'Error', message: 'socket hang up' },
  });
});

const SECRETS_IN_TEXT: readonly (readonly [string, string, string])[] = [
  ['an access key id', 'The key AKIAIOSFODNN7EXAMPLE is unknown', 'IOSFODNN7EXAMPLE'],
  ['a temporary key id', 'ASIAIOSFODNN7EXAMPLE expired', 'IOSFODNN7EXAMPLE'],
  ['a secret key in JSON', '{"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', 'wJalrXUtnFEMI'],
  [
    'a secret key in the environment',
    'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'wJalrXUtnFEMI',
  ],
  ['a session token in XML', '<SessionToken>AQoEXAMPLEH4aoAH0gNCAPy/w==</SessionToken>', 'AQoEXAMPLEH4'],
  ['a session token by itself', `bad: IQoJb3JpZ2lu${'X2VjEEMaCXVz'.repeat(3)}`, 'X2VjEEMaCXVz'],
  ['a header', 'x-amz-security-token: FQoDYXdzEPP//////////wEaDPv5GPAhRW8pw6', 'FQoDYXdzEPP'],
  [
    'a signature',
    'Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261122/eu-west-1/ssm/aws4_request, SignedHeaders=host;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024',
    'fe5f80f77d5fa3be',
  ],
  ['a signed URL', 'https://s3/x?X-Amz-Signature=fe5f80f77d5fa3beca038a248ff0&a=1', 'fe5f80f77d5fa3be'],
  ['a bearer token', '{"authorization":"Bearer abcdefgh.ijklmnop"}', 'ijklmnop'],
  ['basic authentication', 'authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNz'],
  ['a password in a URL', 'connect rediss://default:s3cr3tpw@redis.internal:6380 failed', 's3cr3tpw'],
  [
    'a private key',
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQ\n-----END RSA PRIVATE KEY-----',
    'MIIEowIBAAKCAQ',
  ],
];

test.each(SECRETS_IN_TEXT)('%s in an error message or stack is not logged', (_what, message, secret) => {
  const { log, text } = capture();

  log.error({ err: new Error('outer', { cause: new Error(message) }), reply: message }, 'call failed');

  expect(text()).toContain('[redacted]');
  expect(text()).not.toContain(secret);
});

test('an ordinary message passes unchanged', () => {
  const message =
    'User: arn:aws:sts::111122223333:assumed-role/muster/x is not authorized to perform: ssm:SendCommand';

  expect(createRedactor()(message)).toBe(message);
  expect(createRedactor()('GET https://proxy.example.com:443/webapi/find answered 503')).toContain(
    'https://proxy.example.com:443/webapi/find',
  );
});

test('a known secret without any form of its own is taken out of every text', () => {
  const { log, text } = capture('info', [new Secret('blue-horse-7'), new Secret('blue-horse-7-extended')]);

  log.warn({ output: 'joining with blue-horse-7-extended and blue-horse-7' }, 'output tail');

  expect(text()).not.toContain('blue-horse');
  expect(text()).not.toContain('extended');
});

test('endless and self-referring values end', () => {
  const { log, text } = capture();
  const ring: Record<string, unknown> = {};
  ring['self'] = ring;

  log.info({ ring, list: Array.from({ length: 1_000 }, (_, at) => at), text: 'x'.repeat(50_000) }, 'big');

  expect(text().length).toBeLessThan(10_000);
});

test('of a command that Redis refused only the name is logged: its arguments are passwords and records', () => {
  const { log, text } = capture();
  const refused = Object.assign(new Error('WRONGPASS invalid username-password pair'), {
    command: { name: 'auth', args: ['default', 'abc'] },
  });

  log.warn({ err: refused }, 'redis is not reachable');

  expect(text()).not.toContain('"abc"');
  expect(text()).toContain('"command":"auth"');
});

test.each(['process.exit(3)', 'throw new Error("unforeseen")'])(
  'a process that ends by %s writes what it has said',
  (end) => {
    const logger = fileURLToPath(new URL('./logger.ts', import.meta.url));
    const program = `
      import { createLogger } from ${JSON.stringify(logger)};
      const log = createLogger({ name: 'ending', level: 'info' });
      log.info({ n: 1 }, 'first');
      log.child({ n: 2 }).info({}, 'last words');
      ${end};
    `;

    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
    });

    expect(
      stdout
        .split('\n')
        .slice(0, 2)
        .map((line) => (JSON.parse(line) as { msg: string }).msg),
    ).toEqual(['first', 'last words']);
  },
);
