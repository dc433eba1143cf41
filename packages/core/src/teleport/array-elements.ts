import { JobError } from '../runtime/errors.ts';
import { createJsonStart } from './json-start.ts';

/** Cuts the text of one JSON array into its elements as it arrives; see `createArrayElements`. */
export interface ArrayElements {
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
 * States: `before` the array, where lines of text may stand (`json-start.ts`), `first` (an element or the end may follow),
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
