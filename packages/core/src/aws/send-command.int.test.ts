import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Clock } from '../runtime/clock-port.ts';
import {
  access,
  clock,
  commandId,
  instanceId,
  request,
  signal,
  useHostileAws,
} from './hostile-aws.fixture.ts';
import { json, jsonError } from './stub-aws.fixture.ts';

const { start, stub, requestsOf } = useHostileAws();

describe('a send', () => {
  const accepted = json({ Command: { CommandId: commandId, ExpiresAfter: 1_900_000_000 } });

  it('is accepted with its id and the time by which it must be over', async () => {
    const adapter = await start(() => accepted);

    expect(await adapter.sendCommand(access, request(), signal)).toEqual({
      kind: 'accepted',
      commandId,
      expiresAtMs: 1_900_000_000_000,
    });
    expect(JSON.parse(stub().requests.at(-1)?.body ?? '')).toEqual({
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

  it.each([
    ['an instance', 'arn:aws-us-gov:ec2:us-gov-west-1:111122223333:instance/i-1a2b3c4d', ['i-1a2b3c4d']],
    ['a document', 'arn:aws:ssm:us-east-1:111122223333:document/i-1a2b3c4d', []],
    ['an instance that a name only looks like', 'arn:aws:ssm:us-east-1::document/x i-1a2b3c4d', []],
  ])('learns of a denial about %s whom it is about', async (_name, resource, instanceIds) => {
    const message = `User: arn:aws:sts::1:assumed-role/i-0123456789abcdef0/x is not authorized to perform: ssm:SendCommand on resource: ${resource} because no identity-based policy allows the ssm:SendCommand action`;
    const adapter = await start(() => jsonError('AccessDeniedException', message));

    expect(await adapter.sendCommand(access, request(), signal)).toMatchObject({
      reason: 'denied',
      instanceIds,
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

  it('was not sent when no server listens, or the host has no address', async () => {
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
    const frozen: Clock = { ...clock, sleep: () => new Promise(() => undefined) };
    const adapter = await start(() => accepted, { clock: frozen });

    const result = await adapter.sendCommand(
      access,
      request({ windowEndMonotonicMs: clock.monotonicMs() - 1 }),
      signal,
    );

    expect(result).toMatchObject({ kind: 'refused', reason: 'not-sent' });
    expect(requestsOf('SendCommand')).toBe(0);
  });

  it('is cut off when its time passes on the way, and is ambiguous then', async () => {
    const adapter = await start(() => 'hang');

    const result = await adapter.sendCommand(
      access,
      request({ windowEndMonotonicMs: clock.monotonicMs() + 200 }),
      signal,
    );

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
