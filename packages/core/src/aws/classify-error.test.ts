import { describe, expect, it } from 'vitest';
import { type FaultKind, neverConnected, readFault, toJobError } from './classify-error.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 8);
const place = { action: 'ec2:DescribeInstances', accountId: '111122223333', region: 'eu-west-1' };

/** An error as the SDK throws one that AWS answered. */
function answered(
  name: string,
  httpStatusCode: number,
  message = 'no',
  headers: Record<string, string> = {},
): Error {
  return Object.assign(new Error(message), {
    name,
    $fault: httpStatusCode < 500 ? 'client' : 'server',
    $metadata: { httpStatusCode, requestId: 'request-1' },
    $response: { headers },
  });
}

describe('readFault', () => {
  it('says that an answer could not be read, and drops what the SDK adds for a debugger, also from the error itself', () => {
    const hint =
      'Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.';
    const error = Object.assign(new SyntaxError(`Unexpected token <\n  ${hint}`), {
      $metadata: { httpStatusCode: 200 },
    });

    const fault = readFault(error, NOW_MS);

    expect(fault).toMatchObject({
      kind: 'unavailable',
      message: 'the answer could not be read (Unexpected token <)',
    });
    expect(toJobError(fault, place).message).toContain('the answer could not be read (Unexpected token <)');
    expect(error.message).toBe('Unexpected token <');
  });

  it.each([
    ['RequestLimitExceeded', 503, 'throttled'],
    ['ThrottlingException', 400, 'throttled'],
    ['TooManyRequestsException', 400, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['WhateverIsNew', 429, 'throttled'],
    ['AccessDenied', 403, 'denied'],
    ['AccessDeniedException', 400, 'denied'],
    ['UnauthorizedOperation', 403, 'denied'],
    ['Blocked', 403, 'denied'],
    ['PendingVerification', 403, 'denied'],
    ['ExpiredToken', 403, 'expired'],
    ['RequestExpired', 400, 'expired'],
    ['InvalidSignatureException', 400, 'expired'],
    ['AuthFailure', 401, 'unrecognized'],
    ['OptInRequired', 401, 'unrecognized'],
    ['UnrecognizedClientException', 400, 'unrecognized'],
    ['InvalidClientTokenId', 403, 'unrecognized'],
    ['RegionDisabledException', 403, 'region-off'],
    ['AWSOrganizationsNotInUseException', 400, 'organization'],
    ['InvalidNextToken', 400, 'page-token'],
    ['ValidationException', 400, 'invalid'],
    ['InvalidInstanceId', 400, 'invalid'],
    ['InternalServerError', 500, 'unavailable'],
    ['ServiceException', 400, 'unavailable'],
    ['WhateverIsNew', 500, 'unavailable'],
    ['WhateverIsNew', 400, 'unknown'],
  ] as const)('reads %s with status %i as %s', (name, status, kind: FaultKind) => {
    expect(readFault(answered(name, status), NOW_MS)).toMatchObject({
      kind,
      awsCode: name,
      httpStatus: status,
    });
  });

  it.each(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])(
    'reads %s as unavailable, also as the cause of something else',
    (code) => {
      const error = Object.assign(new Error('network'), { code });

      expect(readFault(error, NOW_MS)).toMatchObject({
        kind: 'unavailable',
        awsCode: code,
        httpStatus: null,
      });
      expect(readFault(new Error('outer', { cause: error }), NOW_MS).kind).toBe('unavailable');
    },
  );

  it('reads an answer that has no code of AWS as unavailable, whatever its status', () => {
    for (const status of [200, 302, 403, 404, 502]) {
      const error = Object.assign(new SyntaxError('Unexpected token <'), {
        $metadata: { httpStatusCode: status },
      });
      expect(readFault(error, NOW_MS)).toMatchObject({ kind: 'unavailable', isCoded: false });
    }
    expect(readFault(answered('Unknown', 403), NOW_MS)).toMatchObject({
      kind: 'unavailable',
      isCoded: false,
    });
  });

  it('keeps an error of our own code unknown', () => {
    const error = new TypeError('x is not a function');

    const fault = readFault(error, NOW_MS);

    expect(fault).toMatchObject({ kind: 'unknown', cause: error });
    expect(toJobError(fault, place)).toMatchObject({ code: 'bug.unknown', retry: 'backoff', cause: error });
  });

  it.each([
    [{ 'retry-after': '3' }, 3_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': new Date(NOW_MS + 9_000).toUTCString() }, 9_000],
    [{ 'retry-after': new Date(NOW_MS - 9_000).toUTCString() }, 0],
    [{ 'x-amz-retry-after': '1500' }, 1_500],
    [{ 'retry-after': 'soon' }, null],
    [{}, null],
  ])('reads the time to wait out of %j', (headers, waitMs) => {
    const error = answered('Throttling', 400, 'Rate exceeded', headers);
    expect(readFault(error, NOW_MS).retryAfterMs).toBe(waitMs);
  });
});

describe('toJobError', () => {
  it('names the action that the text names, else the one of the call, and a service control policy', () => {
    const denial = (message: string): unknown =>
      toJobError(readFault(answered('UnauthorizedOperation', 403, message), NOW_MS), place).details;

    expect(
      denial(
        'User: arn:aws:sts::1:assumed-role/r/s is not authorized to perform: ec2:DescribeRegions because no identity-based policy allows it',
      ),
    ).toMatchObject({ missingAction: 'ec2:DescribeRegions', scp: false });
    expect(denial('You are not authorized to perform this operation.')).toMatchObject({
      missingAction: 'ec2:DescribeInstances',
      scp: false,
    });
    expect(
      denial(
        '… is not authorized to perform: ec2:DescribeInstances with an explicit deny in a service control policy',
      ),
    ).toMatchObject({ missingAction: 'ec2:DescribeInstances', scp: true });
  });

  it('tells where it happened and what a machine needs to know', () => {
    const fault = readFault(answered('RequestLimitExceeded', 503, 'Request limit exceeded.'), NOW_MS);

    expect(toJobError(fault, place)).toMatchObject({
      code: 'aws.throttled',
      message:
        'ec2:DescribeInstances in 111122223333/eu-west-1: RequestLimitExceeded: Request limit exceeded.',
      retry: { afterMs: 2_000 },
      details: {
        service: 'ec2',
        operation: 'DescribeInstances',
        accountId: '111122223333',
        region: 'eu-west-1',
        awsCode: 'RequestLimitExceeded',
        httpStatus: 503,
        requestId: 'request-1',
        missingAction: null,
      },
    });
  });

  it('cuts a long message', () => {
    const fault = readFault(answered('UnauthorizedOperation', 403, 'x'.repeat(10_000)), NOW_MS);
    expect(fault.message).toHaveLength(500);
  });
});

describe('neverConnected', () => {
  it('holds for a refused connection, a name without address, and only failures to connect to several addresses', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' });
    const unresolved = Object.assign(new Error('no such host'), {
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
    });
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' });

    expect(neverConnected(refused)).toBe(true);
    expect(neverConnected(unresolved)).toBe(true);
    expect(neverConnected(new AggregateError([refused, refused]))).toBe(true);
    expect(neverConnected(new AggregateError([refused, reset]))).toBe(false);
    expect(neverConnected(new AggregateError([]))).toBe(false);
    expect(neverConnected(reset)).toBe(false);
    expect(neverConnected(Object.assign(new Error('a request has exceeded'), { name: 'TimeoutError' }))).toBe(
      false,
    );
  });
});
