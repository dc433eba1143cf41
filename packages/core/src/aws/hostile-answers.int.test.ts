import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { CommandRequest, TargetAccess } from '../domain/command.ts';
import { AccountId, CommandId, InstanceId, Region } from '../domain/ids.ts';
import type { AwsCall } from '../ports/aws-call.ts';
import type { Clock } from '../ports/clock.ts';
import { createClock } from '../runtime/clock.ts';
import { type AwsAdapter, type AwsAdapterDeps, createAwsAdapter } from './adapter.ts';
import {
  assumeRole,
  ec2Error,
  json,
  jsonError,
  oneInstance,
  startStubAws,
  type StubAws,
  type StubRule,
  stsError,
} from './stub-aws.ts';

/** Answers that no well-behaved AWS gives, on purpose: what was said, cut off, garbled, or never said. */
const { signal } = new AbortController();
const clock = createClock();
const accountId = AccountId.parse('111122223333');
const access: TargetAccess = {
  accountId,
  region: Region.parse('eu-west-1'),
  role: { arn: `arn:aws:iam::${accountId}:role/discovery`, externalId: null },
};
const instanceId = InstanceId.parse('i-0123456789abcdef0');
const commandId = CommandId.parse('11111111-2222-4333-8444-555555555555');

let stub: StubAws;
let calls: AwsCall[] = [];
const open: { close(): unknown }[] = [];

/** Sessions are given freely; everything else is the rule's. */
async function start(rule: StubRule, deps: Partial<AwsAdapterDeps> = {}): Promise<AwsAdapter> {
  stub = await startStubAws((request) =>
    request.operation === 'AssumeRole' ? assumeRole(request, Date.now() + 3_600_000) : rule(request),
  );
  return connect(stub.url, deps);
}

function connect(url: string, deps: Partial<AwsAdapterDeps> = {}): AwsAdapter {
  process.env['AWS_ENDPOINT_URL'] = url;
  calls = [];
  const adapter = createAwsAdapter({
    clock,
    observe: (call) => calls.push(call),
    partition: 'aws',
    // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
    baseCredentials: async () => ({ accessKeyId: 'BASE', secretAccessKey: 'secret' }),
    ...deps,
  });
  open.push(adapter);
  open.push(stub);
  return adapter;
}

afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close();
});

function request(change: Partial<CommandRequest> = {}): CommandRequest {
  return {
    documentName: 'AWS-RunShellScript',
    instanceIds: [instanceId],
    parameters: { commands: ['true'] },
    comment: 'muster:v1:a:b',
    deliveryTimeoutSeconds: 60,
    notAfterMs: clock.now() + 10_000,
    ...change,
  };
}

async function drain<Item>(pages: AsyncIterable<readonly Item[]>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const page of pages) all.push(...page);
  return all;
}

function requestsOf(operation: string): number {
  return stub.requests.filter((request) => request.operation === operation).length;
}

describe('a listing', () => {
  it.each([
    ['an empty body', { body: '' }],
    ['a page of something between us and AWS', { body: '<html><body>please log in</body></html>' }],
    [
      'an answer without its list',
      { body: '<DescribeInstancesResponse><requestId>r</requestId></DescribeInstancesResponse>' },
    ],
    ['half of an answer', { body: '<DescribeInstancesResponse><reservationSet><item><owner' }],
  ])('does not take %s with status 200 for a target without instances', async (_name, answer) => {
    const adapter = await start(() => answer);

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it.each([
    ['an empty object', '{}'],
    ['no JSON', '<html></html>'],
    ['an empty body', ''],
  ])(
    'of the SSM inventory, of invocations and of regions does not take %s for nothing',
    async (_name, body) => {
      const adapter = await start(() => ({ body }));
      const find = { documentName: 'AWS-RunShellScript', invokedAfterMs: 0 };

      await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(adapter.listInvocations(access, commandId, signal)).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(drain(adapter.findInvocations(access, find, signal))).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
      await expect(adapter.listRegions(accountId, access.role, signal)).rejects.toMatchObject({
        code: 'aws.unavailable',
      });
    },
  );

  it('takes no regions at all for an answer that was not understood', async () => {
    const adapter = await start(() => json({ Regions: [] }));

    await expect(adapter.listRegions(accountId, access.role, signal)).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it.each([
    ['an error with a code', ec2Error('InternalError', 'oops', 500)],
    ['an error page', { status: 502, body: '<html>bad gateway</html>' }],
    ['a reset', 'reset'],
  ] as const)('survives %s twice and gives up after the third', async (_name, answer) => {
    let spoiled = 2;
    const adapter = await start(() => {
      spoiled -= 1;
      return spoiled >= 0 ? answer : oneInstance(accountId, instanceId);
    });

    expect(await drain(adapter.listInstances(access, signal))).toHaveLength(1);
    spoiled = 3;
    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
      retry: 'backoff',
    });
    expect(requestsOf('DescribeInstances')).toBe(6);
    expect(calls.map((call) => call.outcome)).toEqual([
      'ok',
      'failed',
      'failed',
      'ok',
      'failed',
      'failed',
      'failed',
    ]);
  });

  it('hands the time of a Retry-After to the job', async () => {
    const adapter = await start(() =>
      ec2Error('RequestLimitExceeded', 'slow down', 503, { 'retry-after': '7' }),
    );

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.throttled',
      retry: { afterMs: 7_000 },
      details: { awsCode: 'RequestLimitExceeded', httpStatus: 503, requestId: 'stub-request' },
    });
    expect(requestsOf('DescribeInstances')).toBe(1);
  });

  it('starts over once when AWS no longer takes its token, and yields no instance twice', async () => {
    let refusals = 1;
    const adapter = await start(({ body }) => {
      const page = oneInstance(accountId, instanceId);
      if (!body.includes('NextToken')) {
        return { body: page.body.replace('</reservationSet>', '</reservationSet><nextToken>t</nextToken>') };
      }
      refusals -= 1;
      return refusals >= 0 ? ec2Error('InvalidNextToken', 'too old', 400) : page;
    });

    expect(await drain(adapter.listInstances(access, signal))).toHaveLength(1);
    refusals = 2;
    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('ends when a token leads nowhere', async () => {
    const adapter = await start(() => json({ InstanceInformationList: [], NextToken: 'round' }));

    await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('does not lose an instance whose state it cannot read', async () => {
    const page = oneInstance(accountId, instanceId);
    const adapter = await start(() => ({ body: page.body.replace('running', 'levitating') }));

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
  });

  it('is loud about a code it does not know', async () => {
    const adapter = await start(() => jsonError('SomethingNewException', 'surprise'));

    await expect(drain(adapter.listManagedNodes(access, signal))).rejects.toMatchObject({
      code: 'bug.unknown',
      retry: 'backoff',
      details: { awsCode: 'SomethingNewException' },
    });
  });
});

describe('credentials', () => {
  it('of a session that AWS calls unknown are taken for a region that is off only when they are good elsewhere', async () => {
    let isAlive = true;
    const adapter = await start(({ operation }) => {
      if (operation !== 'GetCallerIdentity') return ec2Error('AuthFailure', 'not able to validate', 401);
      if (!isAlive) return stsError('InvalidClientTokenId', 'invalid');
      return {
        body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      };
    });

    await expect(drain(adapter.listInstances(access, signal))).rejects.toMatchObject({
      code: 'aws.region-off',
    });
    expect(requestsOf('AssumeRole')).toBe(1);

    isAlive = false;
    const other = { ...access, role: { arn: access.role?.arn ?? '', externalId: 'other' } };
    await expect(drain(adapter.listInstances(other, signal))).rejects.toMatchObject({
      code: 'aws.unavailable',
    });
    expect(requestsOf('AssumeRole')).toBe(3);
  });

  it('of the worker are asked for again, once, when they have expired', async () => {
    const forced: boolean[] = [];
    const adapter = await start(
      ({ accessKeyId }) =>
        accessKeyId === 'BASE2'
          ? jsonError('AWSOrganizationsNotInUseException', 'none')
          : jsonError('ExpiredTokenException', 'old'),
      {
        // oxlint-disable-next-line typescript/require-await -- a source answers with a promise
        baseCredentials: async (options) => {
          forced.push(options?.forceRefresh === true);
          return { accessKeyId: `BASE${forced.length}`, secretAccessKey: 'secret' };
        },
      },
    );
    const scope = { organizationId: 'o-abcdefghij', includeOus: ['*'], excludeOus: [] };

    await expect(drain(adapter.listAccounts(scope, signal))).rejects.toMatchObject({
      code: 'aws.organization',
    });
    expect(forced).toEqual([false, true]);
  });

  it('of a session are replaced in the background before they expire, and waited for when they are about to', async () => {
    let aheadMs = 0;
    const ahead: Clock = { now: () => Date.now() + aheadMs, sleep: (ms, stop) => clock.sleep(ms, stop) };
    let sessions = 0;
    stub = await startStubAws((asked) => {
      if (asked.operation !== 'AssumeRole') return oneInstance(accountId, instanceId);
      sessions += 1;
      return assumeRole(asked, ahead.now() + 3_600_000, `S${sessions}`);
    });
    const adapter = connect(stub.url, { clock: ahead });
    const keyIdOfNextList = async (): Promise<string> => {
      await drain(adapter.listInstances(access, signal));
      return stub.requests.findLast((one) => one.operation === 'DescribeInstances')?.accessKeyId ?? '';
    };

    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    aheadMs = 54 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    expect(sessions).toBe(1);
    aheadMs = 56 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S1');
    await expect.poll(keyIdOfNextList).toBe('ASIA111122223333S2');
    aheadMs += 59.5 * 60_000;
    expect(await keyIdOfNextList()).toBe('ASIA111122223333S3');
  });

  it('of a session belong to the account that was asked for, or are not used', async () => {
    const foreign = { ...access, accountId: AccountId.parse('999988887777') };
    const adapter = await start(() => oneInstance(accountId, instanceId));

    await expect(drain(adapter.listInstances(foreign, signal))).rejects.toMatchObject({ code: 'aws.denied' });
    expect(await adapter.sendCommand(foreign, request(), signal)).toMatchObject({
      kind: 'refused',
      reason: 'denied',
    });
    expect(requestsOf('DescribeInstances') + requestsOf('SendCommand')).toBe(0);
  });
});

describe('a send', () => {
  const accepted = json({ Command: { CommandId: commandId, ExpiresAfter: 1_900_000_000 } });

  it('is accepted with its id and the time by which it must be over', async () => {
    const adapter = await start(() => accepted);

    expect(await adapter.sendCommand(access, request(), signal)).toEqual({
      kind: 'accepted',
      commandId,
      expiresAtMs: 1_900_000_000_000,
    });
    expect(JSON.parse(stub.requests.at(-1)?.body ?? '')).toEqual({
      DocumentName: 'AWS-RunShellScript',
      InstanceIds: [instanceId],
      Parameters: { commands: ['true'] },
      Comment: 'muster:v1:a:b',
      TimeoutSeconds: 60,
      MaxConcurrency: '50',
      MaxErrors: '100%',
    });
  });

  it.each([
    ['a reset', 'reset'],
    ['a 500', jsonError('InternalServerError', 'oops', 500)],
    ['a 503 page', { status: 503, body: '<html></html>' }],
    ['a 4xx that AWS did not write', { status: 403, body: '<html>proxy</html>' }],
    ['a request time-out', jsonError('RequestTimeoutException', 'too slow', 408)],
    ['a 429 without a code', { status: 429, body: 'calm down' }],
    ['a 200 without a command', json({})],
    ['a 200 that is no JSON', { body: '{"Command": {' }],
    ['a 200 with an odd id', json({ Command: { CommandId: 'hello' } })],
  ] as const)('is ambiguous after %s, and not repeated', async (_name, answer) => {
    const adapter = await start(() => answer);

    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({ kind: 'ambiguous' });
    expect(requestsOf('SendCommand')).toBe(1);
  });

  it.each([
    ['ThrottlingException', 400, 'throttled'],
    ['AccessDeniedException', 400, 'denied'],
    ['ExpiredTokenException', 400, 'credentials'],
    ['InvalidSignatureException', 400, 'credentials'],
    ['InvalidInstanceId', 400, 'invalid-instance-id'],
    ['UnsupportedPlatformType', 400, 'unsupported-platform'],
    ['InvalidDocument', 400, 'invalid-document'],
    ['InvalidDocumentVersion', 400, 'invalid-document'],
    ['InvalidParameters', 400, 'invalid-parameters'],
    ['ValidationException', 400, 'invalid-parameters'],
    ['DuplicateInstanceId', 400, 'invalid-parameters'],
    ['SomethingNewException', 400, 'invalid-parameters'],
  ] as const)('is refused by %s', async (code, status, reason) => {
    const adapter = await start(() => jsonError(code, 'no', status));

    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({
      kind: 'refused',
      reason,
      awsCode: code,
      message: 'no',
    });
    expect(requestsOf('SendCommand')).toBe(1);
  });

  it('learns the instances that SSM names, each once', async () => {
    const message =
      'Instances [[i-0123456789abcdef0, i-1a2b3c4d, i-1a2b3c4d]] not in a valid state for account 111122223333';
    const adapter = await start(() => jsonError('InvalidInstanceId', message));

    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({
      instanceIds: ['i-0123456789abcdef0', 'i-1a2b3c4d'],
    });
  });

  it('gets a new session for the next one after its own has expired', async () => {
    let isExpired = true;
    const adapter = await start(() => (isExpired ? jsonError('ExpiredTokenException', 'old') : accepted));

    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({ reason: 'credentials' });
    isExpired = false;
    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({ kind: 'accepted' });
    expect(requestsOf('AssumeRole')).toBe(2);
  });

  it('was not sent when nobody listens, or the host has no address', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const port = (closed.address() as AddressInfo).port;
    await new Promise((resolve) => closed.close(resolve));

    for (const url of [`http://127.0.0.1:${port}`, 'http://muster.invalid:1']) {
      // SSM's own variable wins over the common one, so that the session is still given.
      process.env['AWS_ENDPOINT_URL_SSM'] = url;
      const adapter = await start(() => accepted);
      const result = await adapter.sendCommand(access, request(), signal);
      delete process.env['AWS_ENDPOINT_URL_SSM'];

      expect(result).toMatchObject({ kind: 'refused', reason: 'not-sent' });
    }
  });

  it('does not leave when its time passed while it was signed', async () => {
    const frozen: Clock = { now: () => Date.now(), sleep: () => new Promise(() => undefined) };
    const adapter = await start(() => accepted, { clock: frozen });

    const result = await adapter.sendCommand(access, request({ notAfterMs: Date.now() - 1 }), signal);

    expect(result).toMatchObject({ kind: 'refused', reason: 'not-sent' });
    expect(requestsOf('SendCommand')).toBe(0);
  });

  it('is cut off when its time passes on the way, and is ambiguous then', async () => {
    const adapter = await start(() => 'hang');

    const result = await adapter.sendCommand(access, request({ notAfterMs: clock.now() + 200 }), signal);

    expect(result).toMatchObject({ kind: 'ambiguous' });
    expect(requestsOf('SendCommand')).toBe(1);
  });

  it('is ambiguous when it is aborted after it left', async () => {
    const abort = new AbortController();
    const adapter = await start(() => {
      abort.abort(new Error('shutting down'));
      return 'hang';
    });

    expect(await adapter.sendCommand(access, request(), abort.signal)).toMatchObject({ kind: 'ambiguous' });
  });

  it('assumes the longest time when AWS leaves out when it expires', async () => {
    const adapter = await start(() => json({ Command: { CommandId: commandId } }));

    const result = await adapter.sendCommand(access, request(), signal);

    expect(result).toMatchObject({ kind: 'accepted', expiresAtMs: expect.any(Number) });
    expect((result as { expiresAtMs: number }).expiresAtMs - clock.now()).toBeGreaterThan(172_000_000);
  });
});
