import { describe, expect, it } from 'vitest';
import { SigningHash } from './signing-hash.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the hash that signs', () => {
  it('is SHA-256 without a key', async () => {
    const hash = new SigningHash();
    hash.update('a');
    hash.update(Buffer.from('bc'));

    expect(hex(await hash.digest())).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  const key = 'Jefe';
  const bytes = new TextEncoder().encode(key);
  const within = new Uint8Array([0, ...bytes, 0]).subarray(1, 5);

  // RFC 4231, test case 2.
  it.each([
    ['text', key],
    ['bytes', bytes],
    ['a buffer', bytes.buffer],
    ['a part of a buffer', within],
  ])('is HMAC with a key that is %s', async (_what, secret) => {
    const hash = new SigningHash(secret);
    hash.update(bytesOf('what do ya want for nothing?'));

    expect(hex(await hash.digest())).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });
});

function bytesOf(text: string): DataView {
  const bytes = new TextEncoder().encode(text);
  return new DataView(bytes.buffer);
}
