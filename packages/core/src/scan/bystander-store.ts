import type { Redis } from 'ioredis';
import { findBystander, writeBystanders } from './bystander.ts';
import type { Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { EnrollmentLedger } from '../enrollment/enrollment-store.ts';

/** A scan looks closely at every target within a day, and writes it again. */
const KEPT_SECONDS = 3 * 86_400;
const CHUNK = 500;

/** Instances that scans see and keep no record of: for the one question what became of one of them. */
export function createBystanders(
  redis: Redis,
  keys: Keys,
): Pick<EnrollmentLedger, 'putBystanders' | 'findBystander'> {
  return {
    async putBystanders(target, bystanders) {
      const key = keys.target(target).bystanders;
      const text = writeBystanders(bystanders);
      if (text === '') await redis.del(key);
      else await redis.set(key, text, 'EX', KEPT_SECONDS);
    },

    async findBystander(targets, id) {
      for (let from = 0; from < targets.length; from += CHUNK) {
        const chunk: readonly Target[] = targets.slice(from, from + CHUNK);
        const texts = await Promise.all(chunk.map((target) => redis.get(keys.target(target).bystanders)));
        for (const [index, target] of chunk.entries()) {
          const kind = findBystander(texts[index] ?? '', id);
          if (kind !== null) return { target, kind };
        }
      }
      return null;
    },
  };
}
