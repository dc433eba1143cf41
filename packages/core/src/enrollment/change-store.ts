import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Keys } from '../redis/keys.ts';

/** About 60 MB when every target of a large organization is written for the first time. */
export const CHANGES_KEPT = 100_000;

const NO_ENTRY = '0-0';

/** One instance of a change: id, state before (null: it had no record), state now (null: it has none any more), cause now; then what a newer release adds. */
const ChangedInstance = z
  .tuple([z.string(), z.string().nullable(), z.string().nullable(), z.string().nullable()])
  .rest(z.unknown());

/** One commit of a target's records. Names of states and causes may be a newer release's. */
export interface Change {
  /** Its place in the stream; before the dash it is epoch ms of Redis. */
  readonly id: string;
  /** Schema. */
  readonly v: number;
  readonly target: string;
  /** Those whose state or cause changed. */
  readonly instances: readonly z.infer<typeof ChangedInstance>[];
  /** Ids of those whose record was written, or set aside, for another reason. */
  readonly touched: readonly string[];
  /** Fields of a newer release, as they are. */
  readonly more: Readonly<Record<string, string>>;
}

/** Where a reader of the changes stands. */
export interface ChangeReading {
  readonly entries: readonly Change[];
  /** Where to read on. */
  readonly nextId: string;
  /** The stream no longer reaches back to where the reader stood: it begins anew from the ledger. `entries` are the oldest there are. */
  readonly behind: boolean;
}

/** The stream of changes, as `commit-target.lua` appends them. */
export function createChangeLedger({ redis, keys }: { redis: Redis; keys: Keys }) {
  /** Whether the stream was cut, or emptied, behind the entry that the reader has seen last. */
  async function isBehind(afterId: string): Promise<boolean> {
    if (afterId === NO_ENTRY) return (await redis.xlen(keys.changes)) >= CHANGES_KEPT;
    return (await redis.xrange(keys.changes, afterId, afterId)).length === 0;
  }

  return {
    /**
     * Changes after an entry, at most `limit`.
     *
     * @param afterId the last entry that the reader has seen; `0-0` for all there are, `now` for none of them
     */
    async read(afterId: string, limit: number): Promise<ChangeReading> {
      if (afterId === 'now') {
        const [[nextId] = [NO_ENTRY]] = await redis.xrevrange(keys.changes, '+', '-', 'COUNT', 1);
        return { entries: [], nextId, behind: false };
      }
      // Asked in this order: what is cut off between the two is told as behind, not left out.
      const [found, behind] = await Promise.all([
        redis.xrange(keys.changes, `(${afterId}`, '+', 'COUNT', limit),
        isBehind(afterId),
      ]);
      // An emptied stream may have begun anew with smaller ids.
      const texts = behind ? await redis.xrange(keys.changes, '-', '+', 'COUNT', limit) : found;
      const nextId = texts.at(-1)?.[0] ?? (behind ? NO_ENTRY : afterId);
      return { entries: texts.map(readChange).filter((one) => one !== null), nextId, behind };
    },
  };
}

/** Null for what is no change: another client wrote it. */
function readChange([id, flat]: readonly [id: string, fields: readonly string[]]): Change | null {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? '';
  const { v, target, instances = '', touched = '', ...more } = fields;
  const isEmpty = instances === '' && touched === '';
  const changed = readList(ChangedInstance, instances);
  const written = readList(z.string(), touched);
  if (isEmpty || changed === null || written === null) return null;
  if (target === undefined || !Number.isInteger(Number(v))) return null;
  return { id, v: Number(v), target, instances: changed, touched: written, more };
}

/** A JSON list; empty for a field that is not there, null for what is no such list. */
function readList<T>(element: z.ZodType<T>, text: string): readonly T[] | null {
  if (text === '') return [];
  try {
    const parsed = z.array(element).safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
