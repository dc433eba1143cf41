import { between, hashNumbers, hashText, hex8 } from './hash.ts';

const SALT_INSTANCE = 0x1d5;
const BASE36 = 'abcdefghijklmnopqrstuvwxyz0123456789';

/**
 * The id of the nth derived instance of a world. It carries its own number, hidden by a hash, so that a million ids
 * need no index: `decodeInstanceId` finds the way back.
 */
export function encodeInstanceId(seed: number, number: number): string {
  const front = hashNumbers(seed, number, SALT_INSTANCE);
  const back = (number ^ hashNumbers(seed, front, SALT_INSTANCE)) >>> 0;
  return `i-0${hex8(front)}${hex8(back)}`;
}

/** The number behind an id made by `encodeInstanceId` with the same seed; null for any other id. */
export function decodeInstanceId(seed: number, id: string): number | null {
  if (id.length !== 19 || !id.startsWith('i-0')) return null;
  const front = Number.parseInt(id.slice(3, 11), 16);
  const back = Number.parseInt(id.slice(11), 16);
  if (!Number.isInteger(front) || !Number.isInteger(back)) return null;
  const number = (back ^ hashNumbers(seed, front, SALT_INSTANCE)) >>> 0;
  return encodeInstanceId(seed, number) === id ? number : null;
}

/** Twelve digits, not starting with 0, for the nth account; `taken` is asked until it is free. */
export function accountIdFor(seed: number, index: number, taken: (id: string) => boolean): string {
  for (let attempt = 0; ; attempt += 1) {
    const high = between(hashNumbers(seed, index, 0xacc, attempt), 100_000, 999_999);
    const low = between(hashNumbers(seed, index, 0xac2, attempt), 0, 999_999);
    const id = `${high}${String(low).padStart(6, '0')}`;
    if (!taken(id)) return id;
  }
}

/** `length` characters of [a-z0-9] from a seed and a text. */
export function token(seed: number, text: string, length: number): string {
  let out = '';
  for (let i = 0; i < length; i += 1) out += BASE36[hashText(seed + i, text) % BASE36.length] ?? 'a';
  return out;
}

/** `length` hexadecimal digits from a seed and a text. */
export function hexToken(seed: number, text: string, length: number): string {
  let out = '';
  for (let i = 0; out.length < length; i += 1) out += hex8(hashText(seed + i, text));
  return out.slice(0, length);
}
