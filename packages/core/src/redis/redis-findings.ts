import type { Redis } from 'ioredis';
import type { FindingKind } from '../control/finding-kinds.ts';
import type { Finding } from '../control/findings.ts';
import { isJobError } from '../runtime/errors.ts';
import { partsOfFault } from './redis-fault.ts';
import { REDIS_NOTE_KINDS } from './redis-note.ts';
import { checkRedis, checkRedisThoroughly } from './server-check.ts';
import type { ControlLedger } from '../control/control-store.ts';

/**
 * Finds what makes this Redis unfit just now. A Redis that refuses writes cannot keep a finding about it, so this one is
 * made whenever findings are read. It stands since this process first saw it.
 */
export function createTroubleFinder(redis: Redis, prefix: string): () => Promise<Finding | null> {
  let seen: { readonly kind: FindingKind; readonly sinceMs: number } | null = null;
  return async () => {
    try {
      await checkRedis(redis, prefix);
      seen = null;
      return null;
    } catch (error) {
      if (!isJobError(error, 'config.unsafe', 'ledger.unavailable')) throw error;
      const kind = error.code === 'config.unsafe' ? 'redis-unsafe' : 'redis-refuses-writes';
      if (seen?.kind !== kind) seen = { kind, sinceMs: Date.now() };
      const { problem, remedy } = partsOfFault(error);
      return { ...seen, scope: 'all', message: `${problem}.`, remedy };
    }
  };
}

/** Raises what is unwise about this Redis, and ends what is so no longer. Throws as `checkRedis` does. */
export async function reportRedisNotes(
  control: Pick<ControlLedger, 'raise' | 'clear'>,
  redis: Redis,
  prefix: string,
  nowMs: number,
): Promise<void> {
  const { notes } = await checkRedisThoroughly(redis, prefix);
  for (const kind of REDIS_NOTE_KINDS) {
    const note = notes.find((one) => one.kind === kind);
    if (note === undefined) await control.clear(kind, 'all');
    else await control.raise({ ...note, scope: 'all', sinceMs: nowMs });
  }
}
