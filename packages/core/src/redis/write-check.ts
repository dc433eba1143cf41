import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';
import { type RedisFault, redisFault, refusedEntry } from './redis-fault.ts';
import type { ServerInfo } from './server-info.ts';
import { isRefusal } from './slow-refusals.ts';

/**
 * Whether Redis takes writes now, by one that changes nothing: INFO does not say whether a failed snapshot stops them
 * (`stop-writes-on-bgsave-error`), nor how many replicas it wants. Throws `ledger.unavailable` with cause and remedy.
 *
 * @param key of ours, so that a user who may only touch our keys may ask; nothing is ever stored there
 */
export async function requireWritable(redis: Redis, key: string, info: ServerInfo): Promise<void> {
  try {
    await redis.del(key);
  } catch (error) {
    const entry = refusedEntry(error);
    if (entry === null && !isRefusal(error)) throw error;
    const fault = entry ?? whyRefused(messageOf(error), info);
    throw redisFault({ code: 'ledger.unavailable', ...fault, cause: error });
  }
}

const MAKE_ROOM =
  'Make room on the disk of its data folder (df -h; CONFIG GET dir), or repair what its log names';

function whyRefused(refusal: string, info: ServerInfo): Pick<RedisFault, 'problem' | 'remedy'> {
  const said = `(Redis said: ${refusal.slice(0, 200)})`;
  if (refusal.startsWith('NOREPLICAS')) {
    return {
      problem: `Redis refuses writes: it has fewer replicas in step than min-replicas-to-write asks for ${said}`,
      remedy: 'Bring the replicas back, or lower min-replicas-to-write',
    };
  }
  if (!refusal.startsWith('MISCONF')) {
    return { problem: `Redis refuses writes ${said}`, remedy: 'See its log' };
  }
  if (info.get('aof_last_write_status') === 'err') {
    return {
      problem: `Redis cannot write its append-only file (aof_last_write_status is err: a full disk?), and refuses writes ${said}`,
      remedy: `${MAKE_ROOM}; it then goes on by itself`,
    };
  }
  return {
    problem: `Redis could not write its last snapshot (rdb_last_bgsave_status is ${info.get('rdb_last_bgsave_status') ?? 'unknown'}: a full disk?), and refuses writes (stop-writes-on-bgsave-error) ${said}`,
    remedy: `${MAKE_ROOM}, then run BGSAVE`,
  };
}
