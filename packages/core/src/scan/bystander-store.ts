import type { Redis } from 'ioredis';
import { type Bystanders, findBystander, writeBystanders } from './bystander.ts';
import type { InstanceId } from '../organization/ids.ts';
import { targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';

/** A scan looks closely at every target within a day, and writes it again. */
const KEPT_SECONDS = 3 * 86_400;

/** Instances that scans see and keep no record of: for the one question what became of one of them. */
export function createBystanders({ redis, keys, run }: { redis: Redis; keys: Keys; run: RunScript }) {
  return {
    /** Replaces what is known of a target's instances without records. */
    async putBystanders(target: Target, bystanders: Bystanders): Promise<void> {
      const names = keys.target(target);
      await run(
        'put-bystanders',
        [names.bystanders, names.instances, keys.instanceTargets],
        [targetId(target), writeBystanders(bystanders), KEPT_SECONDS],
      );
    },

    /** Why the target's last scan that saw the instance keeps no record of it; null when none saw it. */
    async findBystander(target: Target, id: InstanceId) {
      return findBystander((await redis.get(keys.target(target).bystanders)) ?? '', id);
    },
  };
}
