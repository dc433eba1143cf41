// oxlint-disable-next-line no-restricted-imports -- a hash of its arguments: no I/O, no clock, no randomness
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';

/** What a MAC is made for: one of another purpose never fits. */
export type MacPurpose =
  /** A command's Comment. */
  | 'marker'
  /** What one worker learned of an account, and another acts on. */
  | 'account'
  /** An instance's record in Redis. */
  | 'record'
  /** That an account left its organization. */
  | 'left-account';

/** A key, as 64 hexadecimal digits; printed nowhere (`config/secret.ts`). */
export interface MacKey {
  reveal(): string;
}

/** What a MAC covers, in an order that its purpose fixes. Numbers as JSON writes them. */
export type MacParts = readonly (string | number | null)[];

/**
 * 96 bits: a forger has one try for each record that Muster reads, and cannot test a guess without Muster. As short as it may
 * be, since a marker must fit into SSM's Comment, and a record carries one.
 */
const MAC_BYTES = 12;

/**
 * HMAC-SHA256 with the first key over purpose and parts, cut to 96 bits: 16 characters of `A-Z a-z 0-9 - _`.
 *
 * @returns empty without a key, which fits nothing
 */
export function macOf(keys: readonly MacKey[], purpose: MacPurpose, parts: MacParts): string {
  const [first] = keys;
  return first === undefined ? '' : macBytes(first, purpose, parts).toString('base64url');
}

/** Whether the MAC was made with one of the keys, for this purpose, over these parts. Takes as long for a near miss as for any other. */
export function isMacOf(keys: readonly MacKey[], purpose: MacPurpose, parts: MacParts, mac: string): boolean {
  if (!MAC_SHAPE.test(mac)) return false;
  const given = Buffer.from(mac, 'base64url');
  // No early end: the time that it takes does not tell which of the keys it was.
  return keys.reduce((fits, key) => timingSafeEqual(given, macBytes(key, purpose, parts)) || fits, false);
}

/** A word for each key that tells nothing of it: eight characters. By it a worker knows whether it holds the key that another signed with. */
export function keyIdsOf(keys: readonly MacKey[]): readonly string[] {
  return keys.map((key) => macBytes(key, 'key', []).subarray(0, 6).toString('base64url'));
}

const MAC_SHAPE = new RegExp(`^[A-Za-z0-9_-]{${(MAC_BYTES * 8) / 6}}$`);

/** JSON's brackets and quotes keep parts apart: ["ab","c"] is not ["a","bc"]. */
function macBytes(key: MacKey, purpose: MacPurpose | 'key', parts: MacParts): Buffer {
  return createHmac('sha256', importKey(key))
    .update(JSON.stringify([`muster ${purpose}`, ...parts]))
    .digest()
    .subarray(0, MAC_BYTES);
}

/** Kept, since a scan seals records by the thousand; gone with the configuration that holds the key. */
const IMPORTED = new WeakMap<MacKey, KeyObject>();

function importKey(key: MacKey): KeyObject {
  const known = IMPORTED.get(key);
  if (known !== undefined) return known;
  const imported = createSecretKey(key.reveal(), 'hex');
  IMPORTED.set(key, imported);
  return imported;
}
