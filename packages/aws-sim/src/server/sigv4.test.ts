import { describe, expect, test } from 'vitest';
import {
  createSignatureVerifier,
  formatAmzDate,
  parseAmzDate,
  parseAuthorization,
  type SignedRequest,
} from './sigv4.ts';

/** Test vectors of the AWS Signature Version 4 test suite. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const SCOPE = 'Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request';
const BASE = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z' };

function vector(method: string, url: string, signature: string): [SignedRequest, string] {
  const authorization = `AWS4-HMAC-SHA256 ${SCOPE}, SignedHeaders=host;x-amz-date, Signature=${signature}`;
  return [{ method, url, headers: BASE, body: Buffer.alloc(0) }, authorization];
}

const GET_VANILLA = vector('GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31');
const POST_VANILLA = vector('POST', '/', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b');
const QUERY_ORDER = vector(
  'GET',
  '/?Param2=value2&Param1=value1',
  'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
);

function matches([request, authorization]: [SignedRequest, string], secret = SECRET): boolean {
  const header = parseAuthorization(authorization);
  const amzDate = BASE['x-amz-date'];
  return header !== null && createSignatureVerifier().matches(request, { ...header, amzDate }, secret);
}

describe('signatures of the published test suite', () => {
  test.each([
    ['get-vanilla', GET_VANILLA],
    ['post-vanilla', POST_VANILLA],
    ['get-vanilla-query-order-key-case', QUERY_ORDER],
  ])('%s is accepted', (_name, given) => {
    expect(matches(given)).toBe(true);
  });

  test('another secret, method, header or body is not', () => {
    const [request, authorization] = GET_VANILLA;

    expect(matches(GET_VANILLA, `${SECRET}x`)).toBe(false);
    expect(matches([{ ...request, method: 'POST' }, authorization])).toBe(false);
    expect(matches([{ ...request, body: Buffer.from('x') }, authorization])).toBe(false);
    expect(matches([{ ...request, headers: { ...BASE, host: 'example.com' } }, authorization])).toBe(false);
  });
});

test.each([
  ['nothing', ''],
  ['another scheme', 'Bearer x'],
  ['too few parts', 'AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1, SignedHeaders=host, Signature=0'],
  ['no signature', `AWS4-HMAC-SHA256 ${SCOPE}, SignedHeaders=host`],
])('a header with %s is none', (_name, text) => {
  expect(parseAuthorization(text)).toBeNull();
});

test('dates go there and back', () => {
  const atMs = Date.UTC(2026, 10, 23, 1, 2, 3);

  expect(formatAmzDate(atMs)).toBe('20261123T010203Z');
  expect(parseAmzDate('20261123T010203Z')).toBe(atMs);
  expect(parseAmzDate('2026-11-23')).toBeNaN();
});
