import { createHash, randomBytes } from 'node:crypto';

/** 32 bytes: what cannot be guessed. */
const SECRET_BYTES = 32;

/** A new secret for a URL, a cookie or a header: `prefix` and 43 characters of base64url. */
export function newSecretToken(prefix = ''): string {
  return prefix + randomBytes(SECRET_BYTES).toString('base64url');
}

/**
 * What Redis holds in place of a secret, as hexadecimal digits. The secrets are random and long, so one round of SHA-256 is
 * enough: who reads Redis cannot sign in by what lies there.
 */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
