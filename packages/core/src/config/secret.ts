import { inspect } from 'node:util';
import type { ReadFile } from './rules/section-rules.ts';

/** A value that prints as `[redacted]` however it is printed; `reveal` is the only way to it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[redacted]';
  }

  toJSON(): string {
    return '[redacted]';
  }

  [inspect.custom](): string {
    return '[redacted]';
  }
}

/** The secret in a file, without the line break that editors end a file with; or why there is none. */
type SecretReading =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: string };

/** @param readFile null where files are not read, such as for a configuration from standard input */
export function readSecretFile(path: string, readFile: ReadFile | null): SecretReading {
  if (path === '') {
    return { ok: false, problem: 'names no file: name the one that holds the password, or remove the line' };
  }
  if (readFile === null) return { ok: false, problem: 'files are not read here' };
  const reading = readFile(path);
  if (!reading.ok) return { ok: false, problem: `the file ${path} ${reading.problem}` };
  const text = reading.text.replace(/\r?\n$/, '');
  return text === '' ? { ok: false, problem: `the file ${path} is empty` } : { ok: true, text };
}
