import { createHmac, hash } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { ServiceError } from '../server/service-error.ts';
import { createSignatureVerifier, formatAmzDate, type SignedRequest } from '../server/sigv4.ts';
import { buildWorld } from '../world/build.ts';
import { authenticate } from './authenticate.ts';
import { createCredentialBook, type CredentialBook, type Credentials } from './principals.ts';

const NOW = Date.UTC(2026, 10, 23, 12);
let book: CredentialBook;

beforeEach(() => {
  book = createCredentialBook(buildWorld(undefined, { accounts: 1 }, NOW));
});

/** Signs a request the way any client does. */
function sign(
  keys: Pick<Credentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>,
  signedAtMs: number,
  service = 'ssm',
): SignedRequest {
  const amzDate = formatAmzDate(signedAtMs);
  const date = amzDate.slice(0, 8);
  const headers: Record<string, string> = {
    host: '127.0.0.1',
    'x-amz-date': amzDate,
    ...(keys.sessionToken === null ? {} : { 'x-amz-security-token': keys.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = `POST\n/\n\n${lines}\n${names.join(';')}\n${hash('sha256', '', 'hex')}`;
  const scope = `${date}/us-east-1/${service}/aws4_request`;
  const step = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const key = step(
    step(step(step(`AWS4${keys.secretAccessKey}`, date), 'us-east-1'), service),
    'aws4_request',
  );
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
  const signature = step(key, text).toString('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { method: 'POST', url: '/', headers: { ...headers, authorization }, body: Buffer.alloc(0) };
}

const LONG_TERM = {
  accessKeyId: 'SIMULATEDMUSTERKEY00',
  secretAccessKey: 'simulated-secret',
  sessionToken: null,
};

function outcome(request: SignedRequest, atMs = NOW): string {
  try {
    return authenticate(request, book, createSignatureVerifier(), atMs).principal.kind;
  } catch (error) {
    return error instanceof ServiceError ? `${error.code}: ${error.message}` : String(error);
  }
}

describe('the age of a signature', () => {
  test.each([
    ['now', 0, 'discovery'],
    ['almost five minutes old', -299_000, 'discovery'],
    ['almost five minutes ahead', 299_000, 'discovery'],
    [
      'older',
      -301_000,
      'InvalidSignatureException: Signature expired: 20261123T115459Z is now earlier than 20261123T115500Z (20261123T120000Z - 5 min.)',
    ],
    [
      'further ahead',
      301_000,
      'InvalidSignatureException: Signature not yet current: 20261123T120501Z is still later than 20261123T120500Z (20261123T120000Z + 5 min.)',
    ],
  ])('%s', (_name, offsetMs, expected) => {
    expect(outcome(sign(LONG_TERM, NOW + offsetMs))).toBe(expected);
  });

  test.each([
    ['sts', 'SignatureDoesNotMatch'],
    ['ec2', 'RequestExpired'],
    ['organizations', 'InvalidSignatureException'],
    ['account', 'InvalidSignatureException'],
  ])('is refused by %s with %s', (service, code) => {
    expect(outcome(sign(LONG_TERM, NOW - 600_000, service))).toContain(`${code}: `);
  });
});

describe('a session', () => {
  const principal = { kind: 'member-role', accountId: '1', arn: 'arn', userId: 'id' } as const;

  test('is known until it expires', () => {
    const session = book.issue(principal, 900, NOW);

    expect(outcome(sign(session, NOW))).toBe('member-role');
    expect(outcome(sign(session, NOW + 900_000), NOW + 900_000)).toBe(
      'ExpiredTokenException: The security token included in the request is expired',
    );
  });

  test('needs its own token', () => {
    const session = book.issue(principal, 900, NOW);

    expect(outcome(sign({ ...session, sessionToken: 'another' }, NOW))).toContain(
      'UnrecognizedClientException',
    );
    expect(outcome(sign({ ...session, sessionToken: null }, NOW))).toContain('UnrecognizedClientException');
  });

  test('can be ended for one account', () => {
    const session = book.issue(principal, 900, NOW);
    const other = book.issue({ ...principal, accountId: '2' }, 900, NOW);

    book.expire('1', NOW);

    expect(outcome(sign(session, NOW))).toContain('ExpiredTokenException');
    expect(outcome(sign(other, NOW))).toBe('member-role');
  });
});

test('a request without a signature is refused in the words of the service it looks like', () => {
  const plain: SignedRequest = {
    method: 'POST',
    url: '/',
    headers: {},
    body: Buffer.from('Version=2016-11-15'),
  };

  expect(outcome(plain)).toContain('MissingParameter');
  expect(outcome({ ...plain, headers: { 'x-amz-target': 'AmazonSSM.X' } })).toContain(
    'MissingAuthenticationTokenException',
  );
});
