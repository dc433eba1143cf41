import type { Redis } from 'ioredis';
import type { Keys } from '../../redis/keys.ts';
import type { RunScript } from '../../redis/scripts.ts';
import { JobError } from '../../runtime/errors.ts';
import { type AuditEntry, type AuditNote, NO_ENTRY_BEFORE, readEntry, sealEntry } from './audit-entry.ts';
import type { ChainLink } from './verify-chain.ts';

/** Entries that Redis keeps, of about 600 bytes each. What is older lies in the export alone. */
export const AUDIT_KEPT = 50_000;
/** How often an entry is made anew because another one was appended meanwhile. */
const ATTEMPTS = 50;
/** An entry that tells what several processes see is the same for so long. */
const ONCE_SECONDS = 30 * 86_400;
const PAGE = 500;
/** By more a clock was wrong before: what comes now has its own time again. */
const MOST_BEHIND_MS = 15 * 60_000;

/** An entry with its place in the stream. */
export interface StoredAuditEntry {
  /** `MS-N`. */
  readonly id: string;
  readonly sealed: { readonly text: string; readonly hash: string };
  /** Null for what another client wrote there. */
  readonly entry: AuditEntry | null;
}

/** The audit as it lies in Redis: one stream, whose entries are chained by their hashes. */
export function createAuditLedger({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  async function* links(): AsyncGenerator<StoredAuditEntry> {
    let afterId = '-';
    for (;;) {
      const found = await redis.xrange(keys.audit, afterId, '+', 'COUNT', PAGE);
      for (const one of found) yield stored(one);
      const last = found.at(-1)?.[0];
      if (last === undefined || found.length < PAGE) return;
      afterId = `(${last}`;
    }
  }

  return {
    /**
     * Appends one entry, dated by Redis. The hash is made here, since Redis has no SHA-256: where another entry was appended
     * meanwhile, it is made anew (docs/decisions/0029).
     *
     * @param once names what the entry tells: of several that tell it, only the first is written, within a month
     * @returns false when it was told before
     */
    async append(note: AuditNote, once?: string): Promise<boolean> {
      const names = [keys.audit, keys.auditOnce(once ?? '')];
      const more = [AUDIT_KEPT, once === undefined ? '' : ONCE_SECONDS] as const;
      let [expected, text, hash] = ['?', '', ''];
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const reply = (await run('append-audit', names, [expected, text, hash, ...more])) as string[];
        const [word, lastHash = '', lastText = '', nowMs = ''] = reply;
        if (word !== 'behind') return word === 'written';
        // What another client wrote at the end is no entry: a chain of its own begins after it, and `verify` says so.
        const last = readEntry(lastText, lastHash);
        const atMs = dateAfter(last, Number(nowMs));
        const place = { seq: (last?.seq ?? 0) + 1, atMs, prev: last?.hash ?? NO_ENTRY_BEFORE };
        expected = lastHash;
        ({ text, hash } = sealEntry(note, place));
      }
      throw new JobError('ledger.unavailable', 'the audit takes no entry: others are appended all the time', {
        retry: 'backoff',
      });
    },

    /** The newest entries first. @param beforeId only older ones; null for all */
    async newest(limit: number, beforeId: string | null = null): Promise<readonly StoredAuditEntry[]> {
      const from = beforeId === null ? '+' : `(${beforeId}`;
      return (await redis.xrevrange(keys.audit, from, '-', 'COUNT', limit)).map(stored);
    },

    /** Entries after one, the oldest first, at most `limit`. @param afterId '' for all */
    async after(afterId: string, limit: number): Promise<readonly StoredAuditEntry[]> {
      const from = afterId === '' ? '-' : `(${afterId}`;
      return (await redis.xrange(keys.audit, from, '+', 'COUNT', limit)).map(stored);
    },

    /** How many entries there are, and the ids of the first and the last of them; '' without one. */
    async bounds(): Promise<{ readonly count: number; readonly firstId: string; readonly lastId: string }> {
      const [count, [first], [last]] = await Promise.all([
        redis.xlen(keys.audit),
        redis.xrange(keys.audit, '-', '+', 'COUNT', 1),
        redis.xrevrange(keys.audit, '+', '-', 'COUNT', 1),
      ]);
      return { count, firstId: first?.[0] ?? '', lastId: last?.[0] ?? '' };
    },

    /** All entries, the oldest first, for `verifyChain`. */
    async *chain(): AsyncGenerator<ChainLink> {
      for await (const { id, sealed, entry } of links()) {
        yield { place: `entry ${id}`, sealed: sealed.hash === '' ? null : sealed, entry };
      }
    },

    /**
     * Takes or renews the lease of the one process that writes the export.
     *
     * @returns up to which entry the export reaches, '' for none; null while another process has the lease
     */
    holdWriter: (holder: string, leaseMs: number): Promise<string | null> => hold(holder, leaseMs, ''),

    /** The export reaches up to this entry. @returns false when another process has the lease by now */
    async noteExported(holder: string, leaseMs: number, id: string): Promise<boolean> {
      return (await hold(holder, leaseMs, id)) !== null;
    },

    /** Another process may write the export. */
    async leaveWriter(holder: string): Promise<void> {
      if ((await redis.get(keys.auditWriter)) === holder) await redis.del(keys.auditWriter);
    },
  };

  async function hold(holder: string, leaseMs: number, id: string): Promise<string | null> {
    const names = [keys.auditWriter, keys.auditExported];
    const [held, exported] = (await run('hold-writer', names, [holder, leaseMs, id])) as [number, string?];
    return held === 1 ? (exported ?? '') : null;
  }
}

/**
 * The date of an entry. A server that took over may be some minutes behind the one before: dated before the entry that it
 * follows, an entry would stand in the file of the day before, and the chain of both files would seem to be broken.
 */
function dateAfter(last: Pick<AuditEntry, 'atMs'> | null, nowMs: number): number {
  const behindMs = (last?.atMs ?? 0) - nowMs;
  return behindMs > 0 && behindMs <= MOST_BEHIND_MS ? nowMs + behindMs : nowMs;
}

/** See `createAuditLedger`. */
export type AuditLedger = ReturnType<typeof createAuditLedger>;

function stored([id, flat]: readonly [id: string, fields: readonly string[]]): StoredAuditEntry {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  const { text = '', hash = '' } = fields;
  return { id, sealed: { text, hash }, entry: readEntry(text, hash) };
}
