import type { ReadFile } from './console-rules.ts';

/** The secret in a file, without the line break that editors end a file with; or why there is none. */
export type SecretReading =
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
