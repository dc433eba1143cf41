/** The files of the audit's export: one a UTC day, each entry a line of JSON. Reading them; the scheduler writes them. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { readLine } from './audit-entry.ts';
import type { ChainLink } from './verify-chain.ts';

const DAY_MS = 86_400_000;

/** The UTC day of an entry, `2026-11-30`. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** Of `/var/log/audit.jsonl`, the file of one day: `/var/log/audit-2026-11-30.jsonl`. */
export function fileOfDay(base: string, day: string): string {
  const extension = extname(base);
  return join(dirname(base), `${basename(base, extension)}-${day}${extension}`);
}

/** The files of a base name that are there, the oldest first. None where the folder is not there. */
export async function listFiles(
  base: string,
): Promise<readonly { readonly path: string; readonly day: string }[]> {
  const extension = extname(base);
  const start = `${basename(base, extension)}-`;
  const names = await readdir(dirname(base)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => name.startsWith(start) && name.endsWith(extension))
    .map((name) => ({
      path: join(dirname(base), name),
      day: name.slice(start.length, name.length - extension.length),
    }))
    .filter(({ day }) => /^\d{4}-\d{2}-\d{2}$/.test(day))
    .toSorted((a, b) => (a.day < b.day ? -1 : 1));
}

/** Files whose day is over for longer than they are kept. @param today as `dayOf` gives it */
export function expiredFiles<File extends { readonly day: string }>(
  files: readonly File[],
  today: string,
  keepDays: number,
): readonly File[] {
  const oldest = dayOf(Date.parse(today) - keepDays * DAY_MS);
  return files.filter(({ day }) => day < oldest);
}

/** The entries of files, in the order given, for `verifyChain`. Throws where a file cannot be read. */
export async function* linksOfFiles(paths: readonly string[]): AsyncGenerator<ChainLink> {
  for (const path of paths) {
    let number = 0;
    const lines = createInterface({
      input: createReadStream(path, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      number += 1;
      yield { place: `${path} line ${number}`, sealed: readLine(line) };
    }
  }
}
