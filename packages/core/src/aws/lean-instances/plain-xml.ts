/**
 * A reader of the plainest XML there is: elements without attributes, text without surprises. It is what EC2 writes, and
 * it can be read ten times as fast as XML. Whatever is not plain is refused with `NotPlain`, never guessed at, so that
 * a reader of all of XML can be asked instead.
 */

/** Thrown for everything that a full reader of XML has to decide. */
export class NotPlain extends Error {}

/** No real answer is nested deeper. */
const DEEPEST = 40;

/** Where the names of the elements around begin and end, while one is passed over. Shared: no reader stops in between. */
const STARTS = new Int32Array(DEEPEST);
const ENDS = new Int32Array(DEEPEST);

const LESS_THAN = 60;
const GREATER_THAN = 62;
const SLASH = 47;
const TAB = 9;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;

/**
 * Walks over one document, byte by byte: only the texts that are asked for become strings. Methods throw `NotPlain`, also
 * where the document ends too early.
 */
export class PlainXml {
  readonly #bytes: Buffer;
  #at: number;
  /** The text before the tag read last. */
  #textStart = 0;
  #textEnd = 0;
  #nameStart = 0;
  #nameEnd = 0;
  /** Of the tag read last; the root counts as just opened. */
  #kind: 'open' | 'close' | 'empty' = 'open';

  /** @param at behind the opening tag of the root */
  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  /**
   * Reads the children of the element that was just opened, up to and including its closing tag `name`. `read` is called
   * with the name of each child that is `wanted`, and must read the child whole: with `text`, `children` or `skip`. Others are passed over.
   */
  children<Name extends string>(name: string, wanted: readonly Name[], read: (child: Name) => void): void {
    if (this.#kind === 'empty') return;
    for (;;) {
      this.#next();
      this.#requireBlank();
      if (this.#kind === 'close') {
        this.#requireName(name);
        return;
      }
      const child = this.#nameAmong(wanted);
      if (child === null) this.skip();
      else read(child);
    }
  }

  /** The text of the element that was just opened, to its closing tag; it may have no children. */
  text(name: string): string {
    if (this.#kind === 'empty') return '';
    this.#next();
    if (this.#kind !== 'close') throw new NotPlain('an element in a text');
    this.#requireName(name);
    // A tag is of ASCII, so a character that is cut off before it reads here as it would in the whole document.
    const raw = this.#bytes.toString('utf8', this.#textStart, this.#textEnd);
    // What becomes of blanks alone depends on whether there is a line break among them.
    if (raw !== '' && raw.trim() === '') throw new NotPlain('a text of blanks');
    return raw.includes('&') ? decodeEntities(raw) : raw;
  }

  /** Whether the element that was just opened is of the form `<name/>`, which is one with nothing in it. */
  get isEmpty(): boolean {
    return this.#kind === 'empty';
  }

  /**
   * Passes over the element that was just opened, seeing to it that every tag in it is closed in order. Most of an answer
   * is passed over, so this is one loop on local variables.
   */
  skip(): void {
    if (this.#kind === 'empty') return;
    const bytes = this.#bytes;
    STARTS[0] = this.#nameStart;
    ENDS[0] = this.#nameEnd;
    let depth = 0;
    let at = this.#at;
    while (depth >= 0) {
      at = nextTag(bytes, at) + 1;
      let code = bytes[at];
      if (code === SLASH) {
        at += 1;
        const end = ENDS[depth] ?? 0;
        for (let i = STARTS[depth] ?? 0; i < end; i += 1) {
          if (bytes[i] !== bytes[at]) throw new NotPlain('tags that cross');
          at += 1;
        }
        code = bytes[at];
        depth -= 1;
      } else {
        const start = at;
        at = endOfName(bytes, at);
        code = bytes[at];
        if (code === SLASH) {
          at += 1;
          code = bytes[at];
        } else {
          depth += 1;
          if (depth === DEEPEST) throw new NotPlain('too deep');
          STARTS[depth] = start;
          ENDS[depth] = at;
        }
      }
      if (code !== GREATER_THAN) throw new NotPlain('a tag with more than a name');
      at += 1;
    }
    this.#at = at;
  }

  #next(): void {
    const bytes = this.#bytes;
    const tag = nextTag(bytes, this.#at);
    this.#textStart = this.#at;
    this.#textEnd = tag;
    const isClosing = bytes[tag + 1] === SLASH;
    const start = isClosing ? tag + 2 : tag + 1;
    let at = endOfName(bytes, start);
    this.#nameStart = start;
    this.#nameEnd = at;
    this.#kind = isClosing ? 'close' : 'open';
    if (bytes[at] === SLASH && !isClosing) {
      this.#kind = 'empty';
      at += 1;
    }
    if (bytes[at] !== GREATER_THAN) throw new NotPlain('a tag with more than a name');
    this.#at = at + 1;
  }

  #nameAmong<Name extends string>(wanted: readonly Name[]): Name | null {
    for (const name of wanted) if (this.#isName(name)) return name;
    return null;
  }

  #isName(name: string): boolean {
    const start = this.#nameStart;
    if (this.#nameEnd - start !== name.length) return false;
    for (let i = 0; i < name.length; i += 1) {
      // oxlint-disable-next-line unicorn/prefer-code-point -- of ASCII, and compared with bytes
      if (this.#bytes[start + i] !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  #requireName(name: string): void {
    if (!this.#isName(name)) throw new NotPlain('tags that cross');
  }

  /** Between elements there may be indentation; anything else would be text beside elements. */
  #requireBlank(): void {
    if (this.#textStart === this.#textEnd) return;
    let hasBreak = false;
    for (let at = this.#textStart; at < this.#textEnd; at += 1) {
      const code = this.#bytes[at];
      if (code === LINE_FEED) hasBreak = true;
      else if (code !== SPACE && code !== TAB) throw new NotPlain('text beside elements');
    }
    if (!hasBreak) throw new NotPlain('text beside elements');
  }
}

/** Where the next tag begins. */
function nextTag(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] !== LESS_THAN) at += 1;
  if (at >= bytes.length) throw new NotPlain('an early end');
  return at;
}

/** Behind the name that begins here. */
function endOfName(bytes: Buffer, from: number): number {
  let at = from;
  while (isNameCode(bytes[at])) at += 1;
  if (at === from) throw new NotPlain('a tag without a plain name');
  return at;
}

/** What may stand before the children of a root element, and how long it may be. */
const OPENING = /^(?:<\?xml version="1\.0" encoding="UTF-8"\?>[ \n]*)?<(\w+)(?: xmlns="[\w:/.-]*")?>/;
const LONGEST_OPENING = 300;

/** Opens a document whose root is `name`, with or without a declaration and a namespace. */
export function openPlainXml(bytes: Buffer, name: string): PlainXml {
  const root = OPENING.exec(bytes.toString('latin1', 0, LONGEST_OPENING));
  // A carriage return changes what text means.
  if (root?.[1] !== name || bytes.includes(CARRIAGE_RETURN)) throw new NotPlain(`no plain ${name}`);
  return new PlainXml(bytes, root[0].length);
}

function isNameCode(code: number | undefined): boolean {
  if (code === undefined) return false;
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** As the SDK decodes them (`decodeEntities` in @aws-sdk/xml-builder 3.972), which is all that EC2 ever writes. */
function decodeEntities(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|([a-zA-Z][a-zA-Z0-9]{0,30}));/g,
    (_, hex: string | undefined, decimal: string | undefined, name: string | undefined) => {
      // oxlint-disable unicorn/prefer-code-point -- a code unit, as there: what they read is what we must read
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCharCode(Number.parseInt(decimal, 10));
      // oxlint-enable unicorn/prefer-code-point
      const named = name !== undefined && Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
      if (named === undefined) throw new NotPlain('an entity that is not one of the five');
      return named;
    },
  );
}
