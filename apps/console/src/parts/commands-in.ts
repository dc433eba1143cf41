/** Commands inside the text of a remedy, so that each can be copied whole: `muster …` or `tctl …`. */

/** A part of the text; `at` is where it begins. */
export interface Part {
  readonly kind: 'text' | 'command';
  readonly words: string;
  readonly at: number;
}

/** What follows a verb, where a word of prose could follow too. */
const SECOND_WORDS: Readonly<Record<string, readonly string[]>> = {
  config: ['check', 'diff'],
  init: ['dhmc'],
  audit: ['verify'],
  console: ['login'],
  notify: ['test', 'list'],
  get: ['nodes'],
  autoupdate: ['agents'],
  agents: ['status'],
};
/** Options whose value is a word in small letters. */
const WORD_OPTIONS = new Set(['--state', '--cause', '--region', '--wave', '--filter']);
const STARTS = /\b(?:muster|tctl) [a-z]/g;
/** What ends a sentence is no part of a command. */
const STOP = /[.,:;)]+$/;
/** An id, a file, or a name in capitals that stands for a value: never a word of prose. */
const VALUE = /^(?=.*[\d:/@*]|[A-Z_-]+$)[\w./:@*-]+$/;

/** The text as its parts, in order; joined they are the text. */
export function commandsIn(text: string): readonly Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { index } of text.matchAll(STARTS)) {
    if (index < end) continue;
    const words = commandAt(text.slice(index));
    if (words === null) continue;
    if (index > end) parts.push({ kind: 'text', words: text.slice(end, index), at: end });
    parts.push({ kind: 'command', words, at: index });
    end = index + words.length;
  }
  if (end < text.length) parts.push({ kind: 'text', words: text.slice(end), at: end });
  return parts;
}

/** The command that the text begins with; null where only a verb is named, which is no command to run. */
function commandAt(text: string): string | null {
  const taken: string[] = [];
  for (const token of text.split(' ')) {
    const word = token.replace(STOP, '');
    if (!belongs(word, taken)) break;
    taken.push(word);
    // What ends a sentence ends the command.
    if (word !== token) break;
  }
  return taken.length > 1 ? taken.join(' ') : null;
}

function belongs(word: string, taken: readonly string[]): boolean {
  if (taken.length < 2) return /^[a-z-]+$/.test(word);
  const before = taken.at(-1) ?? '';
  if (word === '') return false;
  if (word.startsWith('--')) return /^--[a-z][a-z-]*(=[\w./:@-]+)?$/.test(word);
  if (WORD_OPTIONS.has(before)) return /^[\w.-]+$/.test(word);
  if (SECOND_WORDS[before]?.includes(word) === true) return true;
  // `approve` takes the name of a wave, or one of two words.
  if (before === 'approve') return !/^(says|with|and|or|on|then)$/.test(word);
  return VALUE.test(word);
}
