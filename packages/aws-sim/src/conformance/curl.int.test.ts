import { execFile, execFileSync } from 'node:child_process';
import { createHmac, hash } from 'node:crypto';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatAmzDate } from '../server/sigv4.ts';
import { type AwsSim, startAwsSim } from '../start.ts';
import { DISCOVERY_KEYS } from '../testing/sdk-clients.ts';
import { ACCOUNTS, CONFORMANCE_WORLD } from './conformance-world.ts';

/**
 * Plain HTTP: what is on the wire, byte for byte, asked by curl, which signs by itself (`--aws-sigv4`), by GET as well as
 * POST, and through a presigned address. Runs where curl can do that.
 */
const run = promisify(execFile);
const signs = ((): boolean => {
  try {
    return execFileSync('curl', ['--help', 'all'], { encoding: 'utf8' }).includes('--aws-sigv4');
  } catch {
    return false;
  }
})();

let sim: AwsSim;

beforeAll(async () => {
  sim = await startAwsSim({ world: CONFORMANCE_WORLD });
});

afterAll(() => sim.close());

interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

async function curl(service: string, ...args: readonly string[]): Promise<Reply> {
  const { accessKeyId, secretAccessKey } = DISCOVERY_KEYS;
  const signing = [
    '--aws-sigv4',
    `aws:amz:us-east-1:${service}`,
    '--user',
    `${accessKeyId}:${secretAccessKey}`,
  ];
  const { stdout } = await run('curl', ['-s', '-i', ...signing, ...args]);
  const [head = '', body = ''] = stdout.split('\r\n\r\n', 2);
  const [first = '', ...lines] = head.split('\r\n');
  const headers = new Headers(lines.map((line) => line.split(': ', 2) as [string, string]));
  return { status: Number(first.split(' ')[1]), headers, body };
}

const target = (name: string): string[] => [
  '-H',
  `X-Amz-Target: ${name}`,
  '-H',
  'Content-Type: application/x-amz-json-1.1',
];

test.runIf(!signs)('no curl here that signs: its tests are skipped', () => {
  expect(signs).toBe(false);
});

describe.runIf(signs)('curl', () => {
  test.each([
    ['POST', (url: string) => ['-d', 'Action=GetCallerIdentity&Version=2011-06-15', url]],
    ['GET', (url: string) => [`${url}/?Action=GetCallerIdentity&Version=2011-06-15`]],
  ])('asks STS by %s', async (_method, args) => {
    const { status, headers, body } = await curl('sts', ...args(sim.url));

    const requestId = headers.get('x-amzn-requestid');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/xml');
    expect(Math.abs(Date.parse(headers.get('date') ?? '') - Date.now())).toBeLessThan(5_000);
    expect(body).toBe(
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        `<UserId>${/<UserId>(.*)<\/UserId>/u.exec(body)?.[1]}</UserId><Account>${ACCOUNTS.management}</Account>` +
        `<Arn>arn:aws:iam::${ACCOUNTS.management}:user/muster-discovery</Arn></GetCallerIdentityResult>` +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    );
  });

  test('is told of errors as XML by STS and EC2', async () => {
    const sts = await curl('sts', '-d', 'Action=Nothing&Version=2011-06-15', sim.url);
    const ec2 = await curl('ec2', '-d', 'Action=DescribeRegions&Version=2016-11-15', sim.url);

    expect([sts.status, sts.body]).toEqual([
      400,
      expect.stringMatching(
        /^<ErrorResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><Error><Type>Sender<\/Type><Code>InvalidAction<\/Code><Message>[^<]+<\/Message><\/Error><RequestId>[0-9a-f-]{36}<\/RequestId><\/ErrorResponse>$/u,
      ),
    ]);
    expect([ec2.status, ec2.body.split('\n')[1]]).toEqual([
      403,
      expect.stringMatching(
        /^<Response><Errors><Error><Code>UnauthorizedOperation<\/Code><Message>[^<]+<\/Message><\/Error><\/Errors><RequestID>[0-9a-f-]{36}<\/RequestID><\/Response>$/u,
      ),
    ]);
  });

  test('asks Organizations in JSON', async () => {
    const { status, headers, body } = await curl(
      'organizations',
      ...target('AWSOrganizationsV20161128.DescribeAccount'),
      '-d',
      JSON.stringify({ AccountId: ACCOUNTS.management }),
      sim.url,
    );

    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-amz-json-1.1']);
    const { Account } = JSON.parse(body) as { Account: Record<string, unknown> };
    expect(typeof Account['JoinedTimestamp']).toBe('number');
    expect(Object.keys(Account)).toEqual([
      'Id',
      'Arn',
      'Email',
      'Name',
      'Status',
      'State',
      'Paths',
      'JoinedMethod',
      'JoinedTimestamp',
    ]);
  });

  test.each<[string, string, string[], number, string]>([
    [
      'a wrong type',
      'organizations',
      [...target('AWSOrganizationsV20161128.ListAccounts'), '-d', '{"MaxResults":"many"}'],
      400,
      'SerializationException',
    ],
    [
      'what is not JSON',
      'ssm',
      [...target('AmazonSSM.ListCommands'), '-d', '{'],
      400,
      'SerializationException',
    ],
    [
      'JSON that is no object',
      'ssm',
      [...target('AmazonSSM.ListCommands'), '-d', '["x"]'],
      400,
      'SerializationException',
    ],
    [
      'an unknown operation',
      'ssm',
      [...target('AmazonSSM.Nothing'), '-d', '{}'],
      400,
      'UnknownOperationException',
    ],
  ])('is refused %s', async (_what, service, args, expected, code) => {
    const { status, body } = await curl(service, ...args, sim.url);

    expect(status).toBe(expected);
    expect(JSON.parse(body)).toMatchObject({ __type: code });
  });

  test('cannot give EC2 a parameter it does not have', async () => {
    const role = `arn:aws:iam::${ACCOUNTS.member}:role/any`;
    const session = await curl(
      'sts',
      '-d',
      `Action=AssumeRole&RoleArn=${encodeURIComponent(role)}&RoleSessionName=curl&Version=2011-06-15`,
      sim.url,
    );
    const part = (name: string): string =>
      new RegExp(`<${name}>(.*)</${name}>`, 'u').exec(session.body)?.[1] ?? '';
    const keys = `${part('AccessKeyId')}:${part('SecretAccessKey')}`;

    const { status, body } = await curl(
      'ec2',
      '--user',
      keys,
      '-H',
      `X-Amz-Security-Token: ${part('SessionToken')}`,
      '-d',
      'Action=DescribeInstances&Color=red&Version=2016-11-15',
      sim.url,
    );

    expect([status, body]).toEqual([
      400,
      expect.stringContaining(
        '<Code>UnknownParameter</Code><Message>The parameter Color is not recognized</Message>',
      ),
    ]);
  });

  test('has to name an EC2 version', async () => {
    const { status, body } = await curl('ec2', '-d', 'Action=DescribeRegions', sim.url);

    expect([status, body]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')]);
  });
});

/** An address that carries its signature, as `aws sts` presigned ones do. */
function presigned(signedAtMs: number, expiresSeconds: number): string {
  const amzDate = formatAmzDate(signedAtMs);
  const scope = `${amzDate.slice(0, 8)}/us-east-1/sts/aws4_request`;
  const { host } = new URL(sim.url);
  const query = [
    ['Action', 'GetCallerIdentity'],
    ['Version', '2011-06-15'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', `${DISCOVERY_KEYS.accessKeyId}/${scope}`],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', String(expiresSeconds)],
    ['X-Amz-SignedHeaders', 'host'],
  ]
    .map(([name, value = '']) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  const canonical = `GET\n/\n${query}\nhost:${host}\n\nhost\n${hash('sha256', '', 'hex')}`;
  const text = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonical, 'hex')}`;
  let key: string | Buffer = `AWS4${DISCOVERY_KEYS.secretAccessKey}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return `${sim.url}/?${query}&X-Amz-Signature=${createHmac('sha256', key).update(text).digest('hex')}`;
}

test.each([
  ['holds for its time', 60_000, 120, 200, 'GetCallerIdentityResult'],
  ['is over after it', 60_000, 30, 403, 'Signature expired: '],
])('a presigned address %s', async (_what, ageMs, expiresSeconds, status, text) => {
  const answer = await fetch(presigned(Date.now() - ageMs, expiresSeconds));

  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(text)]);
});

test.each<[string, Record<string, string>, string]>([
  ['nothing', {}, 'MissingAuthenticationToken'],
  ['half a signature', { authorization: 'AWS4-HMAC-SHA256 Credential=x' }, 'IncompleteSignature'],
])('a request with %s as its signature is refused', async (_what, headers, code) => {
  const answer = await fetch(`${sim.url}/?Action=GetCallerIdentity&Version=2011-06-15`, { headers });

  expect(await answer.text()).toContain(`<Code>${code}</Code>`);
});

test('a body beyond all limits is told so, whatever it says', async () => {
  const answer = await fetch(sim.url, { method: 'POST', body: 'x'.repeat(10 * 1024 * 1024) });

  expect(answer.status).toBe(413);
});
