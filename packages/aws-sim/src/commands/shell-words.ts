/**
 * A reader for shell text, as far as a host needs it to see what it was told: words with their quotes removed and
 * variables expanded, and the operators between them. Nothing is ever run.
 */

/** A simple command: its words, and the files its output is sent to. */
export interface SimpleCommand {
  readonly words: string[];
  readonly outputs: string[];
}

/** Commands joined by `|`. */
export type Pipeline = SimpleCommand[];

/** Variables and positional parameters (`1`, `2` …) as a shell knows them. */
export type Variables = Map<string, string>;

/** Splits shell text into pipelines in the order in which they are written, whatever the control flow around them. */
export function readPipelines(text: string, variables: Variables): Pipeline[] {
  const reader = new Reader(text, variables);
  return reader.read();
}

const SEPARATORS = new Set([';', '\n', '&', '(', ')', '{', '}']);
const KEYWORDS = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'do',
  'done',
  'while',
  'until',
  '!',
  'time',
  'exec',
  'command',
]);

/** Opened on a text, read once. */
class Reader {
  readonly #text: string;
  readonly #variables: Variables;
  #at = 0;
  #pipelines: Pipeline[] = [];
  #pipeline: Pipeline = [];
  #command: SimpleCommand = { words: [], outputs: [] };
  #redirect: 'none' | 'output' | 'ignored' = 'none';

  constructor(text: string, variables: Variables) {
    this.#text = text;
    this.#variables = variables;
  }

  read(): Pipeline[] {
    while (this.#at < this.#text.length) this.#step();
    this.#endPipeline();
    return this.#pipelines;
  }

  #step(): void {
    const c = this.#text[this.#at] ?? '';
    const next = this.#text[this.#at + 1] ?? '';
    if (c === ' ' || c === '\t' || c === '\r' || (c === '\\' && next === '\n')) {
      this.#at += c === '\\' ? 2 : 1;
    } else if (c === '#') {
      while (this.#at < this.#text.length && this.#text[this.#at] !== '\n') this.#at += 1;
    } else if (c === '|') {
      this.#at += next === '|' || next === '&' ? 2 : 1;
      if (next === '|') this.#endPipeline();
      else this.#endCommand();
    } else if (c === '&' && next === '>') {
      this.#at += 2;
      this.#redirect = 'output';
    } else if (c === '>' || c === '<') {
      this.#readRedirect(c);
    } else if (
      SEPARATORS.has(c) &&
      !(c === '{' && !/\s/u.test(next)) &&
      !(c === '}' && this.#command.words.length > 0)
    ) {
      this.#at += 1;
      this.#endPipeline();
    } else {
      this.#readWord();
    }
  }

  #readRedirect(c: string): void {
    this.#at += 1;
    while ('><&|-'.includes(this.#text[this.#at] ?? ' ')) this.#at += 1;
    const duplicates = this.#text[this.#at - 1] === '&';
    this.#redirect = c === '>' && !duplicates ? 'output' : 'ignored';
  }

  #readWord(): void {
    const word = this.#expandWord();
    if (this.#redirect !== 'none') {
      if (this.#redirect === 'output') this.#command.outputs.push(word.text);
      this.#redirect = 'none';
      return;
    }
    // `2>file`: the digit belongs to the redirection.
    if (word.bare && /^\d$/u.test(word.text) && '><'.includes(this.#text[this.#at] ?? ' ')) return;
    const { words } = this.#command;
    if (words.length === 0 && word.bare && KEYWORDS.has(word.text)) return;
    const assignment = /^([A-Za-z_]\w*)=/u.exec(word.text);
    const first = words[0];
    if (
      assignment !== null &&
      (first === undefined || first === 'export' || first === 'local' || first === 'readonly')
    ) {
      this.#variables.set(assignment[1] ?? '', word.text.slice(assignment[0].length));
      return;
    }
    words.push(word.text);
  }

  #expandWord(): { text: string; bare: boolean } {
    let out = '';
    let bare = true;
    while (this.#at < this.#text.length) {
      const c = this.#text[this.#at] ?? '';
      if (/[\s;|&<>()]/u.test(c)) break;
      if (c === "'") {
        bare = false;
        const end = this.#text.indexOf("'", this.#at + 1);
        out += this.#text.slice(this.#at + 1, end < 0 ? undefined : end);
        this.#at = end < 0 ? this.#text.length : end + 1;
      } else if (c === '"') {
        bare = false;
        out += this.#readDoubleQuoted();
      } else if (c === '\\') {
        bare = false;
        out += this.#text[this.#at + 1] === '\n' ? '' : (this.#text[this.#at + 1] ?? '');
        this.#at += 2;
      } else if (c === '$' || c === '`') {
        out += this.#readExpansion();
      } else {
        out += c;
        this.#at += 1;
      }
    }
    return { text: out, bare };
  }

  #readDoubleQuoted(): string {
    let out = '';
    this.#at += 1;
    while (this.#at < this.#text.length && this.#text[this.#at] !== '"') {
      const c = this.#text[this.#at] ?? '';
      const next = this.#text[this.#at + 1] ?? '';
      if (c === '\\' && '$`"\\\n'.includes(next)) {
        out += next === '\n' ? '' : next;
        this.#at += 2;
      } else if (c === '$' || c === '`') {
        out += this.#readExpansion();
      } else {
        out += c;
        this.#at += 1;
      }
    }
    this.#at += 1;
    return out;
  }

  /** `$NAME`, `${NAME}`, `${NAME:-default}`; a command substitution expands to nothing. */
  #readExpansion(): string {
    const rest = this.#text.slice(this.#at);
    const name = /^\$(?:(\w+)|\{(\w+)(?::?-([^}]*))?\}|([@*#?!$-]))/u.exec(rest);
    if (name !== null) {
      this.#at += name[0].length;
      const value = this.#variables.get(name[1] ?? name[2] ?? name[4] ?? '');
      return value === undefined || value === '' ? (name[3] ?? '') : value;
    }
    if (rest.startsWith('$(')) {
      this.#at += closingParenthesis(rest);
      return '';
    }
    if (rest.startsWith('`')) {
      const end = rest.indexOf('`', 1);
      this.#at += end < 0 ? rest.length : end + 1;
      return '';
    }
    if (rest.startsWith('${')) {
      const end = rest.indexOf('}');
      this.#at += end < 0 ? rest.length : end + 1;
      return '';
    }
    this.#at += 1;
    return '$';
  }

  #endCommand(): void {
    if (this.#command.words.length > 0) this.#pipeline.push(this.#command);
    this.#command = { words: [], outputs: [] };
    this.#redirect = 'none';
  }

  #endPipeline(): void {
    this.#endCommand();
    if (this.#pipeline.length > 0) this.#pipelines.push(this.#pipeline);
    this.#pipeline = [];
  }
}

/** Length of `$( … )` at the start of a text, quotes minded. */
function closingParenthesis(text: string): number {
  let depth = 0;
  let quote = '';
  for (let i = 1; i < text.length; i += 1) {
    const c = text[i] ?? '';
    if (c === '\\' && quote !== "'") i += 1;
    else if (quote !== '') quote = c === quote ? '' : quote;
    else if (c === "'" || c === '"') quote = c;
    else if (c === '(') depth += 1;
    else if (c === ')' && --depth === 0) return i + 1;
  }
  return text.length;
}
