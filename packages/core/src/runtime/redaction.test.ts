import { expect, test } from 'vitest';
import { Secret } from '../config/secret.ts';
import { createRedactor } from './redaction.ts';

/** What each form begins with or holds, repeated: a form that tries every place anew takes the square of the length. */
const HOSTILE = [
  'a',
  'A',
  'a ',
  ' ',
  '\n',
  '://',
  'a://',
  'secretkey ',
  'aws_secret',
  'session-token ',
  'authorization: AWS4-',
  'Bearer ',
  '-----BEGIN ',
  '-----BEGIN A',
  '-----BEGIN PRIVATE KEY-----',
  'IQoJb3JpZ2lu',
  'AWS4-HMAC-SHA256 ',
  '"',
  '=abc',
  'AUTH abc ',
  'blue-horse-',
];

/** The shortest of several: what else this machine does makes a time longer, never shorter. */
function fastestMs(work: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    work();
    return performance.now() - startedAt;
  });
  return Math.min(...times);
}

test.each(HOSTILE)('four times as much of %j takes about four times as long, not sixteen', (piece) => {
  const redact = createRedactor([new Secret('abc'), new Secret('blue-horse-7')]);
  const [text, fourfold] = [20_000, 80_000].map((length) =>
    piece.repeat(length / piece.length + 1).slice(0, length),
  ) as [string, string];

  const once = fastestMs(() => redact(text, text.length));
  const more = fastestMs(() => redact(fourfold, fourfold.length));

  expect(more).toBeLessThan(Math.max(once, 0.5) * 9);
});

test('a text of any length costs what its first part costs, and says how long it was', () => {
  const redact = createRedactor();

  const clean = redact('x '.repeat(5_000_000));

  expect(clean.length).toBeLessThan(50_000);
  expect(clean).toMatch(/… \[10000000 characters\]$/);
});

test.each([
  ['a value that is known', `${'x'.repeat(90)} blue horse 7 and more`, 'horse'],
  ['a key of AWS', `${'x'.repeat(86)} key AKIAIOSFODNN7EXAMPLE`, 'IOSF'],
  ['a password in a URL', `${'x'.repeat(80)} redis://u:s3cr3tpassword@host:6379`, 's3cr3t'],
  ['a secret key', `${'x'.repeat(60)} aws_secret_access_key = wJalrXUtnFEMIK7MDENGbPxRfiCY`, 'wJalr'],
])('%s that the cut would go through is not shown by half', (_what, text, secret) => {
  const redact = createRedactor([new Secret('blue horse 7')]);

  for (let most = 60; most < text.length; most += 1) expect(redact(text, most)).not.toContain(secret);
});

test.each([
  ['the whole value', 'abc'],
  ['the password of a URL', 'connect redis://user:abc@redis:6379'],
  ['a field of JSON', '{"args":["abc"]}'],
  ['a setting', 'requirepass=abc'],
  ['the word of a command', 'AUTH abc'],
  ['the word of a command with a user', 'AUTH default abc'],
])('a secret of three letters is taken out where it is %s', (_where, text) => {
  const clean = createRedactor([new Secret('abc')])(text);

  expect(clean).not.toContain('abc');
  expect(clean).toContain('[redacted]');
});

test('a secret of three letters leaves the words alone that hold it', () => {
  const text = 'abcdef and cab are in the dabc of abc-land';

  expect(createRedactor([new Secret('abc')])(text)).toBe(text);
});
