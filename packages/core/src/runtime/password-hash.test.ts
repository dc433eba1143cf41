import { expect, test } from 'vitest';
import { faultOfHash, hashPassword, isPasswordOf } from './password-hash.ts';

/** By the reference implementation: `echo -n "correct horse" | argon2 somesalt16bytes! -id -t 2 -m 14 -p 1 -e`. */
const OF_REFERENCE =
  '$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHQxNmJ5dGVzIQ$arudPIZWFf8kuOnqvLdvRXN5d6j7VwM9IqGSZtCr0TI';

test('a password is that of its own hash, and no other is', async () => {
  const hash = await hashPassword('correct horse');

  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=3,p=1\$/);
  expect(faultOfHash(hash)).toBeNull();
  expect(await isPasswordOf(hash, 'correct horse')).toBe(true);
  expect(await isPasswordOf(hash, 'correct horse ')).toBe(false);
  expect(await isPasswordOf(hash, '')).toBe(false);
  expect(await hashPassword('correct horse')).not.toBe(hash);
});

test('a hash of another tool is read', async () => {
  expect(await isPasswordOf(OF_REFERENCE, 'correct horse')).toBe(true);
  expect(await isPasswordOf(OF_REFERENCE, 'wrong horse')).toBe(false);
});

test('two spellings of a letter are one password', async () => {
  expect(await isPasswordOf(await hashPassword('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe(true);
});

test.each([
  '',
  'hunter2',
  '$2b$12$abcdefghijklmnopqrstuv',
  '$argon2id$v=19$m=65536,t=3,p=1$c29tZXNhbHQ',
  '$argon2id$v=19$m=4194304,t=3,p=1$c29tZXNhbHQxNmJ5dGVzIQ$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '$argon2id$v=19$m=65536,t=300,p=1$c29tZXNhbHQxNmJ5dGVzIQ$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
  '$argon2id$v=19$m=1024,t=1,p=1$c29tZXNhbHQxNmJ5dGVzIQ$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
])('%j is no hash, and no password is its', async (text) => {
  expect(faultOfHash(text)).not.toBeNull();
  expect(await isPasswordOf(text, '')).toBe(false);
});
