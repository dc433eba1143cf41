/**
 * Everything random in a world is a hash of what it is about, never a draw from a stream: the same seed gives the
 * same world, whatever is asked first and by how many callers at once.
 */

/** The MurmurHash3 finalizer: every input bit reaches every output bit. Unsigned 32 bits. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Hash of up to three integers under a seed. Unsigned 32 bits. */
export function hashNumbers(seed: number, a: number, b = 0, c = 0): number {
  let h = mix32(seed ^ 0x9e3779b9);
  h = mix32(h ^ Math.imul(a, 0x27d4eb2d));
  h = mix32((h + 0x165667b1) ^ Math.imul(b, 0x9e3779b1));
  return mix32((h + 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d));
}

/** Hash of a text under a seed. Unsigned 32 bits. */
export function hashText(seed: number, text: string): number {
  let h = mix32(seed ^ 0x811c9dc5);
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h ^ text.length);
}

/** A hash as a number in [0, 1). */
export function unit(hash: number): number {
  return (hash >>> 0) / 0x1_0000_0000;
}

/** A hash as an integer in [min, max]. */
export function between(hash: number, min: number, max: number): number {
  return min + Math.floor(unit(hash) * (max - min + 1));
}

/** A hash as eight lower-case hexadecimal digits. */
export function hex8(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** The entry of a non-empty list that a hash points at. */
export function pick<T>(hash: number, list: readonly [T, ...T[]]): T {
  return list[(hash >>> 0) % list.length] ?? list[0];
}
