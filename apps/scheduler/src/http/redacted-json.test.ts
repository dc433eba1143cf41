import * as fc from 'fast-check';
import { Secret } from '@muster/core/config/secret';
import { createRedactor } from '@muster/core/runtime/redaction';
import { expect, test } from 'vitest';
import { redactedJson, redactedRows } from './redacted-json.ts';

/** Long and short ones, ones that JSON escapes, and words that stand in forms of AWS. */
const SECRETS = ['join-token-of-the-cluster', 'pw1', 'qu"ote-and\\slash', 'line\nbreak-secret', 'ab'];
const redact = createRedactor(SECRETS.map((secret) => new Secret(secret)));

function textByText(body: unknown): string {
  return JSON.stringify(body, (_name, value: unknown) => (typeof value === 'string' ? redact(value) : value));
}

const piece = fc.oneof(
  fc.constantFrom(
    ...SECRETS,
    'redis://user:word@host',
    'Authorization: Bearer abcdefghijklmnop',
    'AKIAIOSFODNN7EXAMPLE',
    '-----BEGIN RSA PRIVATE KEY-----',
    'secret_access_key = abcdefghijklmnopqrstuv',
    '"',
    "'",
    '=',
    ' ',
    '\\',
    '\n',
    'eu-west-1',
    '2026-11-30T18:20:46.280Z',
  ),
  fc.string({ maxLength: 5 }),
);
const texts = fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join(''));
const body = fc.array(
  fc.dictionary(fc.constantFrom('a', 'token', 'authorization'), fc.oneof(texts, fc.integer())),
  {
    maxLength: 5,
  },
);

test('it is what redacting each text by itself gives', () => {
  fc.assert(
    fc.property(body, (value) => {
      expect(redactedJson(value, redact)).toBe(textByText(value));
    }),
    { numRuns: 3_000 },
  );
});

test('of rows it is what redacting each text by itself gives, whichever of them hold a secret', () => {
  fc.assert(
    fc.property(body, (rows) => {
      expect(JSON.stringify(redactedRows(rows, redact))).toBe(textByText(rows));
    }),
    { numRuns: 1_000 },
  );
});

test('a page of rows without secrets costs little more than its JSON', () => {
  const rows = Array.from({ length: 500 }, (_, n) => ({
    instanceId: `i-0123456789abcde${n}`,
    accountName: 'Payments (prod)',
    since: '2026-11-30T18:20:46.280Z',
    title: 'The disk of the host is full',
  }));
  const time = (print: () => string): number => {
    const startedAtMs = performance.now();
    for (let run = 0; run < 10; run += 1) print();
    return performance.now() - startedAtMs;
  };
  time(() => textByText(rows));

  expect(time(() => redactedJson(rows, redact))).toBeLessThan(time(() => textByText(rows)) / 3);
});
