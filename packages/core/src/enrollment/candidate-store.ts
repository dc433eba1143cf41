import type { Redis } from 'ioredis';
import { InstanceId } from '../organization/ids.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { EnrollmentLedger } from './enrollment-store.ts';

/** Who may be claimed, and when: an index of the records, which another client may have written to. */
export function createCandidateIndex(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): Pick<EnrollmentLedger, 'candidates' | 'mendCandidates' | 'nextCandidateAt'> {
  const { redis, keys, run } = deps;
  return {
    async candidates(target, nowMs, limit, onForeign) {
      const ids = await redis.zrangebyscore(
        keys.target(target).candidates,
        '-inf',
        String(nowMs),
        'LIMIT',
        0,
        limit,
      );
      return ids.flatMap((text) => {
        const id = InstanceId.safeParse(text);
        if (!id.success) onForeign?.(text);
        return id.success ? [id.data] : [];
      });
    },

    async mendCandidates(target, ids) {
      if (ids.length === 0) return [];
      const names = keys.target(target);
      return (await run('mend-candidates', [names.instances, names.candidates], ids)) as string[];
    },

    async nextCandidateAt(target) {
      const [, score] = await redis.zrange(keys.target(target).candidates, 0, '0', 'WITHSCORES');
      return score === undefined ? null : Number(score);
    },
  };
}
