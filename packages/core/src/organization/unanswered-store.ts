import type { Redis } from 'ioredis';
import type { UnansweredCalls } from './unanswered.ts';
import type { Keys } from '../redis/keys.ts';

/** Which services of AWS do not answer, over all workers. */
export interface UnansweredLedger {
  all(): Promise<readonly UnansweredCalls[]>;
  /** Adds what does not answer, or goes on not answering; the earliest beginning stands. */
  put(calls: readonly UnansweredCalls[]): Promise<void>;
  remove(calls: readonly UnansweredCalls[]): Promise<void>;
}

/** Redis drops the hash when no process has put a call for so long. */
const KEPT_SECONDS = 3_600;

/** A hash: `service/account/region` → `since|last`. Empty while AWS answers. */
export function createUnansweredLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
}): UnansweredLedger {
  const { redis, keys } = deps;

  async function all(): Promise<readonly UnansweredCalls[]> {
    return Object.entries(await redis.hgetall(keys.unanswered)).flatMap(([field, text]) => {
      const [service = '', accountId = '', region = ''] = field.split('/');
      const [sinceMs = Number.NaN, lastMs = Number.NaN] = text.split('|').map(Number);
      if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(lastMs)) return [];
      const place = { accountId: accountId === '' ? null : accountId, region: region === '' ? null : region };
      return [{ service, ...place, sinceMs, lastMs }];
    });
  }

  return {
    all,

    async put(calls) {
      if (calls.length === 0) return;
      const known = new Map((await all()).map((one) => [fieldOf(one), one.sinceMs]));
      const fields = calls.map((call) => {
        const sinceMs = Math.min(call.sinceMs, known.get(fieldOf(call)) ?? call.sinceMs);
        return [fieldOf(call), `${Math.floor(sinceMs)}|${Math.floor(call.lastMs)}`] as const;
      });
      await redis
        .multi()
        .hset(keys.unanswered, Object.fromEntries(fields))
        .expire(keys.unanswered, KEPT_SECONDS)
        .exec();
    },

    async remove(calls) {
      if (calls.length > 0) await redis.hdel(keys.unanswered, ...calls.map(fieldOf));
    },
  };
}

function fieldOf({ service, accountId, region }: UnansweredCalls): string {
  return `${service}/${accountId ?? ''}/${region ?? ''}`;
}
