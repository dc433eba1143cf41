import { JobError } from '../runtime/errors.ts';
import { quoteOutput } from './plain-output.ts';

/** Where the JSON array begins in what tctl prints; see `createJsonStart`. */
export interface JsonStart {
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
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const NULL_WORD = 'null';

/**
 * Passes over the lines of text that a tctl which updates itself prints before its JSON: `Client tools are out of date`,
 * and a progress bar `\rUpdate progress: [▒▒▒   ] (Ctrl-C to cancel update)` drawn over and over
 * (gravitational/teleport, `lib/autoupdate/tools/progress.go`). Muster switches that off (`tctl-environment.ts`), but a
 * wrapper may print as well. Brackets stand in such text too, so the array is told by its form: a bracket at the start of
 * a line, followed by an object or by the closing bracket; or a bracket at the end of a line with an object on the next,
 * as tctl indents it.
 */
export function createJsonStart(): JsonStart {
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
