/**
 * Failed outputs, told by the line they share: the words that stay are kept, what differs from host to host is masked. This is
 * Drain (He et al., 2017), without its tree: a cause has a dozen templates, not thousands (docs/decisions/0024). The text is a
 * host's own: it is shown, and decides nothing.
 */
import type { AccountId } from '../organization/ids.ts';

/** What stands for words that differ. */
export const MASK = '<*>';
/** The template of what found no place among a cause's own. */
export const OTHER_OUTPUTS = 'other';

/** The line that outputs of one cause share. */
export interface OutputTemplate {
  /** Made from its first text; stays when the text becomes more general. */
  readonly id: string;
  /** Words, and `MASK`, with a space between. */
  readonly text: string;
  /** Whose host showed it first: one account takes only some of the places. */
  readonly by: AccountId;
}

/** Templates of one cause. */
export const TEMPLATES_PER_CAUSE = 12;
/** Of those, what one account may have brought: a host that prints noise fills no list. */
export const TEMPLATES_PER_ACCOUNT = 4;
const LINE_CHARS = 200;
/** Two lines of as many words are one when at least this share of them is equal. */
const ALIKE = 0.5;

/**
 * The line of an output that says what went wrong: the last one that sounds like it, else the last one; null for an output
 * without any. What SSM's agent adds below every failed script is left out.
 */
export function tellingLine(output: string): string | null {
  const lines = output
    .split('\n')
    .map((line) => plainLine(line))
    .filter((line) => line !== '' && !OF_AGENT.test(line));
  const line = lines.findLast((one) => COMPLAINT.test(one)) ?? lines.at(-1);
  return line === undefined ? null : cut(line);
}

const OF_AGENT = /^(-+(ERROR|OUTPUT)-+|failed to run commands: exit status \d+)$/;
const COMPLAINT =
  /\b(E:|err(or)?s?|fail(ed|ure)?|fatal|unable|cannot|can't|could not|denied|refused|invalid|not found|no such|timed? ?out|unreachable)(\b|$)/i;

/** Without the colors of a terminal, whose escape character the record has dropped already, and without runs of spaces. */
function plainLine(line: string): string {
  return line
    .replaceAll(/\[\d{1,3}(;\d{1,3})*[A-Za-z]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function cut(line: string): string {
  return line.length <= LINE_CHARS ? line : `${line.slice(0, LINE_CHARS).trimEnd()}…`;
}

/** A line and whose host printed it. */
export interface SeenLine {
  readonly line: string;
  readonly accountId: AccountId;
}

/**
 * Finds the template of each line, in their order: one that is there, made more general where it must be, or a new one.
 * `OTHER_OUTPUTS` where there is no place for a new one.
 *
 * @param idOf an id for a new template, another one for each text
 * @param unused ids of templates that no host has any more: a new one takes such a place when all are taken
 */
export function placeLines(
  known: readonly OutputTemplate[],
  lines: readonly SeenLine[],
  unused: ReadonlySet<string>,
  idOf: (text: string) => string,
): { readonly templates: readonly OutputTemplate[]; readonly ids: readonly string[] } {
  const templates = [...known];
  const free = new Set(unused);
  const ids = lines.map(({ line, accountId }) => {
    const words = wordsOf(line);
    const at = closest(templates, words);
    const found = templates[at];
    if (found !== undefined) {
      templates[at] = { ...found, text: merge(found.text.split(' '), words).join(' ') };
      free.delete(found.id);
      return found.id;
    }
    if (templates.filter(({ by }) => by === accountId).length >= TEMPLATES_PER_ACCOUNT) return OTHER_OUTPUTS;
    if (templates.length >= TEMPLATES_PER_CAUSE) {
      const left = templates.findIndex(({ id }) => free.has(id));
      if (left === -1) return OTHER_OUTPUTS;
      templates.splice(left, 1);
    }
    const text = words.join(' ');
    const id = idOf(text);
    templates.push({ id, text, by: accountId });
    return id;
  });
  return { templates, ids };
}

function wordsOf(line: string): readonly string[] {
  return line.split(' ').map((word) => (VARIABLE.some((one) => one.test(word)) ? MASK : word));
}

/** What is another one on each host: long numbers and hexadecimal ids, addresses, times. Short numbers, such as codes, say something. */
const VARIABLE = [
  /\d(\D*\d){4}/,
  /(^|[^\w.])\d{1,3}(\.\d{1,3}){3}/,
  /\d\d:\d\d/,
  /\b(i|mi|ip|eni|vpc|subnet|sg)-[0-9a-f]{6,}/,
];

/** The index of the template that is most like these words; -1 when none is. */
function closest(templates: readonly OutputTemplate[], words: readonly string[]): number {
  let [best, bestShare] = [-1, 0];
  for (const [at, { text }] of templates.entries()) {
    const share = likeness(text.split(' '), words);
    if (share >= ALIKE && share > bestShare) [best, bestShare] = [at, share];
  }
  return best;
}

/** The share of equal words; a line of masks alone is like another one. 0 for lines of different length. */
function likeness(template: readonly string[], words: readonly string[]): number {
  if (template.length !== words.length) return 0;
  const constants = template.filter((word) => word !== MASK).length;
  const equal = template.filter((word, at) => word === words[at] && word !== MASK).length;
  if (constants === 0) return words.every((word) => word === MASK) ? 1 : 0;
  return equal / words.length >= ALIKE ? equal / words.length : equal === constants ? ALIKE : 0;
}

function merge(template: readonly string[], words: readonly string[]): readonly string[] {
  return template.map((word, at) => (word === words[at] ? word : MASK));
}
