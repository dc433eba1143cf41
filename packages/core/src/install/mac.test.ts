import { describe, expect, test } from 'vitest';
import { isMacOf, macOf, type MacPurpose } from './mac.ts';

const keyOf = (digits: string) => ({ reveal: () => digits.repeat(64).slice(0, 64) });
const FIRST = keyOf('0123456789abcdef');
const SECOND = keyOf('fedcba9876543210');
const PARTS = ['installation', '111122223333', 'eu-west-1', 'batch'] as const;

test('a MAC is HMAC-SHA256 over a JSON list, cut to 96 bits', () => {
  // printf '["muster marker","a",1,null]' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0123456789abcdef…
  expect(Buffer.from(macOf([FIRST], 'marker', ['a', 1, null]), 'base64url').toString('hex')).toBe(
    '32977d3729c6bb085763393d',
  );
  expect(macOf([FIRST], 'marker', PARTS)).toMatch(/^[\w-]{16}$/);
});

describe('a key can be rotated: the first signs, all verify', () => {
  const old = macOf([FIRST], 'marker', PARTS);

  test('with the new one in front', () => {
    expect(isMacOf([SECOND, FIRST], 'marker', PARTS, old)).toBe(true);
    expect(macOf([SECOND, FIRST], 'marker', PARTS)).toBe(macOf([SECOND], 'marker', PARTS));
  });

  test('and the old one fits no more when it was removed', () => {
    expect(isMacOf([SECOND], 'marker', PARTS, old)).toBe(false);
  });
});

test.each<[string, MacPurpose, readonly (string | number | null)[]]>([
  ['another purpose', 'account', PARTS],
  ['another part', 'marker', ['installation', '111122223333', 'eu-west-2', 'batch']],
  ['parts that run together', 'marker', ['installation1', '11122223333', 'eu-west-1', 'batch']],
  ['a part less', 'marker', PARTS.slice(0, 3)],
  ['a part that looks like two', 'marker', ['installation","111122223333', 'eu-west-1', 'batch']],
  ['a number for a text', 'marker', ['installation', 111_122_223_333, 'eu-west-1', 'batch']],
])('it does not fit %s', (_, purpose, parts) => {
  expect(isMacOf([FIRST], purpose, parts, macOf([FIRST], 'marker', PARTS))).toBe(false);
});

test.each([
  '',
  'x',
  `${macOf([FIRST], 'marker', PARTS)}=`,
  `${macOf([FIRST], 'marker', PARTS)}AAAA`,
  '????????????????',
])('what is no MAC fits nothing, and is no error: %j', (mac) => {
  expect(isMacOf([FIRST], 'marker', PARTS, mac)).toBe(false);
});

test('without a key nothing is signed and nothing fits', () => {
  expect(macOf([], 'marker', PARTS)).toBe('');
  expect(isMacOf([], 'marker', PARTS, macOf([FIRST], 'marker', PARTS))).toBe(false);
  expect(isMacOf([], 'marker', PARTS, '')).toBe(false);
});
