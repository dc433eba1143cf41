import { mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type AuditEntry, lineOfEntry, readLine } from '@muster/core/control/audit/audit-entry';
import { dayOf, expiredFiles, fileOfDay, listFiles } from '@muster/core/control/audit/audit-file-store';

/** An entry to be written. */
export interface Exported {
  readonly entry: AuditEntry;
  readonly sealed: { readonly text: string; readonly hash: string };
}

/** Owner and group: who reads the audit is given the group. */
const MODE = 0o640;
/** A line is under 10 KB, so the last one lies whole in here. */
const TAIL_BYTES = 64 * 1_024;

/** The files of a base name, as one process at a time writes them. */
export function createAuditFile(base: string): {
  /** Appends entries in their order, each to the file of its day, and returns when the disk has them. */
  append(entries: readonly Exported[]): Promise<void>;
  /**
   * The hash of the last entry that lies whole in the newest file; null without one. A line that a kill has cut is taken away.
   */
  lastHash(): Promise<string | null>;
  /** Deletes files that were kept for long enough. @returns their paths */
  expire(nowMs: number, keepDays: number): Promise<readonly string[]>;
} {
  return {
    async append(entries) {
      await mkdir(dirname(base), { recursive: true });
      for (const [day, ofDay] of Map.groupBy(entries, ({ entry }) => dayOf(entry.atMs))) {
        const handle = await open(fileOfDay(base, day), 'a', MODE);
        try {
          await handle.appendFile(ofDay.map(({ sealed }) => `${lineOfEntry(sealed)}\n`).join(''));
          await handle.sync();
        } finally {
          await handle.close();
        }
      }
    },

    async lastHash() {
      for (const { path } of (await listFiles(base)).toReversed()) {
        const last = await mendTail(path);
        if (last !== null) return readLine(last)?.hash ?? null;
      }
      return null;
    },

    async expire(nowMs, keepDays) {
      const expired = expiredFiles(await listFiles(base), dayOf(nowMs), keepDays);
      for (const { path } of expired) await unlink(path);
      return expired.map(({ path }) => path);
    },
  };
}

/** Cuts off what follows the last line end. @returns the last whole line; null in a file without one */
async function mendTail(path: string): Promise<string | null> {
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
    const tail = buffer.subarray(0, bytesRead);
    const end = tail.lastIndexOf('\n');
    if (from + end + 1 < size) await handle.truncate(from + end + 1);
    if (end < 0) return null;
    const whole = tail.subarray(0, end);
    return whole.subarray(whole.lastIndexOf('\n') + 1).toString('utf8');
  } finally {
    await handle.close();
  }
}
