import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import type { ConfigPath } from './report.ts';

/** 1-based, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One YAML document: its plain value, and where each part of it stands. */
export interface SourceDocument {
  /**
   * Maps, lists, texts, numbers, booleans, and null where a key or an entry has no value: what that means is for the reader
   * to say (`missing-values.ts`). A number or boolean that would not read back as it was written (`0123`, `1e3`, `True`)
   * stays text, so that an account id keeps its zeros.
   */
  readonly value: unknown;
  /** Of the value; of the nearest thing around it that exists when the path does not. */
  placeOf(path: ConfigPath): Place;
  /** Of the key that the path ends with. */
  placeOfKey(path: ConfigPath): Place;
}

export interface SourceFault extends Place {
  readonly message: string;
}

export interface YamlSource {
  /** Empty documents are left out. Present also beside faults, where the text could still be read. */
  readonly documents: readonly SourceDocument[];
  readonly faults: readonly SourceFault[];
  /** Whether the faults leave the documents' content in doubt, so that nothing more should be said about it. */
  readonly broken: boolean;
}

/** Far beyond any real file. Aliases of aliases can blow up a small text; that is refused. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 100;
/** One mistake can break every line after it; a screenful of faults is enough. */
const MAX_SYNTAX_FAULTS = 20;

/** Reads a YAML text of one or more documents. */
export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const list: readonly Document.Parsed[] = 'empty' in parsed ? [] : parsed;
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(Math.min(offset, text.length));
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const faults: SourceFault[] = [];
  let broken = false;
  const documents: SourceDocument[] = [];
  for (const document of list) {
    const errors = [...document.errors, ...document.warnings];
    for (const error of errors.slice(0, MAX_SYNTAX_FAULTS)) {
      faults.push({ ...place(error.pos[0]), message: explain(error, text) });
    }
    broken ||= errors.some((error) => error.code !== 'DUPLICATE_KEY');
    const reader = new Reader(document, (offset, message) => faults.push({ ...place(offset), message }));
    const value = broken ? undefined : reader.read(document.contents, 0);
    broken ||= reader.gaveUp;
    if (value !== undefined && value !== null) documents.push(new LocatedDocument(document, value, place));
  }
  return { documents, faults, broken };
}

function explain(error: YAMLError, text: string): string {
  const around = text.slice(error.pos[0], error.pos[1]);
  if (error.code === 'DUPLICATE_KEY') {
    return `the key ${JSON.stringify(firstWord(text, error.pos[0]))} is written twice in this map: keep one`;
  }
  if (error.code === 'TAB_AS_INDENT') return 'YAML is indented with spaces, and this line with a tab';
  if (error.code === 'BAD_ALIAS') return 'an asterisk starts an alias in YAML: write "*" in quotes';
  return `not YAML: ${error.message}${around.startsWith('*') ? ' (write "*" in quotes)' : ''}`;
}

function firstWord(text: string, offset: number): string {
  return /^["']?([^\s:"']*)/.exec(text.slice(offset, offset + 80))?.[1] ?? '';
}

/** Turns one document's nodes into plain values. */
class Reader {
  readonly #document: Document.Parsed;
  readonly #fault: (offset: number, message: string) => void;
  #nodes = 0;
  gaveUp = false;

  constructor(document: Document.Parsed, fault: (offset: number, message: string) => void) {
    this.#document = document;
    this.#fault = fault;
  }

  /** Null for what has no value; undefined for what was refused. */
  read(node: unknown, depth: number): unknown {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || depth > MAX_DEPTH) return this.#giveUp(node);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) {
        this.#fault(
          offsetOf(node),
          `there is no anchor &${node.source}: write "*${node.source}" in quotes if a text is meant`,
        );
        this.gaveUp = true;
      }
      return this.read(target, depth + 1);
    }
    if (isMap(node)) return this.#readMap(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1) ?? null);
    if (!isScalar(node) || node.value === null) return null;
    return asWritten(node.value, node.source);
  }

  #readMap(map: YAMLMap, depth: number): Readonly<Record<string, unknown>> {
    const entries: [string, unknown][] = [];
    for (const pair of map.items) {
      const key = keyOf(pair);
      if (key === null || key === '__proto__') {
        this.#fault(offsetOf(pair.key), 'a key must be a plain text');
      } else if (isMerge(pair)) {
        const merged = [this.read(pair.value, depth + 1)].flat();
        const own = new Set(map.items.map(keyOf));
        for (const source of merged) {
          if (source === null) entries.push([key, null]);
          if (typeof source !== 'object' || source === null) continue;
          entries.push(...Object.entries(source).filter(([name]) => !own.has(name)));
        }
      } else {
        const value = this.read(pair.value, depth + 1);
        if (value !== undefined) entries.push([key, value]);
      }
    }
    return Object.fromEntries(entries);
  }

  #giveUp(node: unknown): undefined {
    if (!this.gaveUp) {
      this.#fault(offsetOf(node), 'the document is nested too deeply, or its aliases make it too large');
    }
    this.gaveUp = true;
    return undefined;
  }
}

function asWritten(value: unknown, source: string | undefined): unknown {
  if (typeof value === 'string') return value;
  if ((typeof value === 'number' || typeof value === 'boolean') && String(value) === source) return value;
  return source ?? String(value);
}

function keyOf(pair: Pair): string | null {
  if (!isScalar(pair.key)) return null;
  const { value, source } = pair.key;
  if (value === null) return null;
  return typeof value === 'string' ? value : (source ?? JSON.stringify(value));
}

function isMerge(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.value === '<<' && pair.key.type === 'PLAIN';
}

function offsetOf(node: unknown): number {
  return (node as Node | null | undefined)?.range?.[0] ?? 0;
}

class LocatedDocument implements SourceDocument {
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #place: (offset: number) => Place;

  constructor(document: Document.Parsed, value: unknown, place: (offset: number) => Place) {
    this.#document = document;
    this.value = value;
    this.#place = place;
  }

  placeOf(path: ConfigPath): Place {
    return this.#place(this.#offset(path, 'value'));
  }

  placeOfKey(path: ConfigPath): Place {
    return this.#place(this.#offset(path, 'key'));
  }

  #offset(path: ConfigPath, part: 'key' | 'value'): number {
    let node: unknown = this.#document.contents;
    let offset = offsetOf(node);
    for (const [at, step] of path.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isSeq(node) && typeof step === 'number') {
        if (step >= node.items.length) return offset;
        node = node.items[step];
        offset = offsetOf(node) || offset;
        continue;
      }
      const pair = isMap(node) ? findPair(node, String(step), this.#document) : undefined;
      if (pair === undefined) return offset;
      const isLast = at === path.length - 1;
      // A missing value has no place of its own worth showing: the key has.
      const hasValue = pair.value !== null && !(isScalar(pair.value) && pair.value.value === null);
      // A map or list is shown by its key, where an eye looks for it; a plain value by itself.
      const byKey =
        (isLast && part === 'key') ||
        !hasValue ||
        !(isScalar(pair.value) || isAlias(pair.value) || isFlow(pair.value));
      offset = offsetOf(byKey ? pair.key : pair.value);
      node = pair.value;
    }
    return offset;
  }
}

function isFlow(node: unknown): boolean {
  return (isMap(node) || isSeq(node)) && node.flow === true;
}

function findPair(map: YAMLMap, key: string, document: Document.Parsed): Pair | undefined {
  const own = map.items.find((pair) => keyOf(pair) === key && (key === '<<' || !isMerge(pair)));
  if (own !== undefined) return own;
  for (const pair of map.items.filter(isMerge)) {
    const sources = isSeq(pair.value) ? pair.value.items : [pair.value];
    for (const source of sources) {
      const target = isAlias(source) ? source.resolve(document) : source;
      const found = isMap(target) ? findPair(target, key, document) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
