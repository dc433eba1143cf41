/** A small seeded generator (mulberry32), so that a failing case comes back with its seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PIECES = [
  "'",
  '"',
  '`',
  '$',
  '\\',
  ';',
  '|',
  '&',
  '\n',
  '\r',
  '\t',
  ' ',
  '(',
  ')',
  '{',
  '}',
  '<',
  '>',
  '*',
  '?',
  '[',
  ']',
  '!',
  '#',
  '~',
  '%',
  '=',
  '-',
  '--',
  '$(touch PWNED)',
  '`touch PWNED`',
  '; touch PWNED;',
  "'; touch PWNED; '",
  '"; touch PWNED; "',
  '\n touch PWNED\n',
  '| sh',
  '&& touch PWNED',
  '${IFS}',
  '$HOME',
  '\\\n',
  '{{ssm:secret}}',
  '{{ token }}',
  'EOF',
  '\u0001',
  '\u007f',
  'ü',
  '日本',
  '😀',
  '../..',
  '/',
  '@',
  ':',
  'a',
  'Z',
  '0',
];

/** A text made to break out of quotes: shell syntax, substitutions, newlines, SSM's braces, and some plain letters. */
export function hostileText(random: () => number): string {
  const length = 1 + Math.floor(random() * 6);
  return Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)] ?? '').join('');
}
