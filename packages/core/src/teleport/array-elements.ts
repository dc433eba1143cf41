import { JobError } from '../runtime/errors.ts';
import { quoteOutput } from './plain-output.ts';

/** Cuts the text of one JSON array into its elements as it arrives; see `createArrayElements`. */
interface ArrayElements {
  /** The elements that ended in this chunk, each the text of one JSON object. Throws `teleport.invalid` when it is no array of objects. */
  push(chunk: Buffer): string[];
  /** Throws `teleport.invalid` unless the array was closed, or was `null` as a whole, and nothing followed. */
  end(): void;
  /** Elements so far that were larger than any node is, and were left out. */
  oversize(): number;
}

/** A node resource has a few KB; an element beyond this is not one, and must not fill the memory. */
const MAX_ELEMENT_BYTES = 1_048_576;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Finds where the objects of a top-level array begin and end, byte by byte, and leaves what is inside to JSON.parse. Only
 * brackets and strings matter for that, and UTF-8 never hides an ASCII byte in a longer character. Memory: one element;
 * one that is too large is passed over and counted, so that no host can keep all others from being seen.
 *
 * States: `before` the array, where lines of text may stand (see `createJsonStart` below), `first` (an element or the end may follow),
 * `element` inside one, `after` an element (a comma or the end must follow), `comma` (an element must follow), `done`.
 */
export function createArrayElements(): ArrayElements {
  const start = createJsonStart();
  let state: 'before' | 'first' | 'element' | 'after' | 'comma' | 'done' = 'before';
  let depth = 0;
  let inString = false;
  let escaped = false;
  let parts: Buffer[] = [];
  let partsBytes = 0;
  let oversize = 0;

  function outside(byte: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    if ((state === 'first' || state === 'after') && byte === CLOSE_ARRAY) {
      state = 'done';
    } else if (state === 'after' && byte === COMMA) {
      state = 'comma';
    } else {
      throw unreadable(state === 'done' ? 'something follows its end' : 'it is not a JSON array of objects');
    }
  }

  /** Where the element that is open ends in `chunk`, one past its last byte; -1 when it goes on. */
  function elementEnd(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inString) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        depth += 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    return -1;
  }

  function keep(part: Buffer): void {
    partsBytes += part.length;
    if (partsBytes > MAX_ELEMENT_BYTES) parts = [];
    else parts.push(part);
  }

  /** The text of the element that has ended; null for one that is too large. */
  function take(): string | null {
    const text = partsBytes > MAX_ELEMENT_BYTES ? null : Buffer.concat(parts).toString('utf8');
    if (text === null) oversize += 1;
    parts = [];
    partsBytes = 0;
    state = 'after';
    return text;
  }

  return {
    push(chunk) {
      const elements: string[] = [];
      let at = 0;
      if (state === 'before') {
        const found = start.find(chunk);
        if (found.kind === 'none') return elements;
        state = found.kind === 'array' ? 'first' : 'done';
        at = found.at;
      }
      while (at < chunk.length) {
        if (state !== 'element') {
          const byte = chunk[at] ?? 0;
          if (byte === OPEN_OBJECT && (state === 'first' || state === 'comma')) {
            state = 'element';
          } else {
            outside(byte);
            at += 1;
          }
          continue;
        }
        const end = elementEnd(chunk, at);
        keep(chunk.subarray(at, end === -1 ? chunk.length : end));
        if (end === -1) break;
        const text = take();
        if (text !== null) elements.push(text);
        at = end;
      }
      return elements;
    },
    end() {
      if (state === 'before' && start.end() === 'null') return;
      if (state === 'before') throw unreadable(start.trouble());
      if (state !== 'done') throw unreadable('it ends in the middle');
    },
    oversize: () => oversize,
  };
}

function unreadable(why: string): JobError {
  return new JobError('teleport.invalid', `the node inventory cannot be read: ${why}`, { retry: 'backoff' });
}

/** Where the JSON array begins in what tctl prints; see `createJsonStart`. */
interface JsonStart {
  /**
   * Looks through the next chunk. `array`: it is open, and `at` is the place after its bracket; `null`: the output is the
   * word null, and only blanks may follow `at`; `none`: not yet. Not to be called again after it was found.
   */
  find(chunk: Buffer): { readonly kind: 'none' } | { readonly kind: 'array' | 'null'; readonly at: number };
  /** For an output that ended before it was found: whether its last line is the word null. */
  end(): 'null' | 'none';
  /** Why there is none, with the text that stands in its place. */
  trouble(): string;
}

/** A tctl that talks and talks is given up on. */
const MOST_TEXT_BYTES = 1_048_576;
/** Kept of the text, to be shown. */
const KEPT_BYTES = 600;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const NULL_WORD = 'null';

/**
 * Passes over the lines of text that a tctl which updates itself prints before its JSON: `Client tools are out of date`,
 * and a progress bar `\rUpdate progress: [▒▒▒   ] (Ctrl-C to cancel update)` drawn over and over
 * (gravitational/teleport, `lib/autoupdate/tools/progress.go`). Muster switches that off (`tctl-process.ts`), but a
 * wrapper may print as well. Brackets stand in such text too, so the array is told by its form: a bracket at the start of
 * a line, followed by an object or by the closing bracket; or a bracket at the end of a line with an object on the next,
 * as tctl indents it.
 */
function createJsonStart(): JsonStart {
  let atLineStart = true;
  /** After a bracket, until the next byte that is no blank tells what it is. */
  let bracket: { readonly atLineStart: boolean; newline: boolean } | null = null;
  /** How much of `null` has been read where a line begins. */
  let nullLetters = 0;
  let textBytes = 0;
  const kept: number[] = [];

  function isArray(byte: number): boolean {
    if (bracket === null) return false;
    if (byte === OPEN_OBJECT) return bracket.atLineStart || bracket.newline;
    return byte === CLOSE_ARRAY && bracket.atLineStart;
  }

  /** One byte that may belong to text; whether the word null is complete before it. */
  function step(byte: number): boolean {
    const blank = byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === RETURN;
    if (blank && nullLetters === NULL_WORD.length) return true;
    if (byte === NEWLINE || byte === RETURN) {
      if (bracket !== null && byte === NEWLINE) bracket.newline = true;
      atLineStart = true;
      nullLetters = 0;
    } else if (!blank) {
      bracket = byte === OPEN_ARRAY ? { atLineStart, newline: false } : null;
      const letter = atLineStart || nullLetters > 0 ? NULL_WORD.charCodeAt(nullLetters) : -1;
      nullLetters = byte === letter ? nullLetters + 1 : 0;
      atLineStart = false;
    }
    return false;
  }

  function keep(byte: number): void {
    textBytes += 1;
    if (kept.length < KEPT_BYTES) kept.push(byte);
    if (textBytes > MOST_TEXT_BYTES) {
      throw new JobError('teleport.invalid', `the node inventory cannot be read: ${trouble()}`, {
        retry: 'backoff',
      });
    }
  }

  function trouble(): string {
    const text = quoteOutput(Buffer.from(kept));
    return text === '' ? 'tctl printed nothing' : `tctl printed no JSON array, but: ${text}`;
  }

  return {
    find(chunk) {
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at] ?? 0;
        if (isArray(byte)) return { kind: 'array', at };
        if (step(byte)) return { kind: 'null', at };
        keep(byte);
      }
      return { kind: 'none' };
    },
    end: () => (nullLetters === NULL_WORD.length ? 'null' : 'none'),
    trouble,
  };
}
