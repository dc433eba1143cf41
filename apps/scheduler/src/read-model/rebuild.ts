import type { Ledger } from '@muster/core/control/ledger';
import { targetId, type Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Model } from './model.ts';

/** Targets of one round trip. */
const GROUP = 16;
/** Round trips at once: while the records of one are parsed, the next is on its way. */
const LANES = 2;

/** A comparison of all rows with the ledger, done piece by piece. */
export interface Rebuild {
  /** Goes on for about this long. @returns whether all is done */
  run(forMs: number): Promise<boolean>;
}

/**
 * Makes the rows of all instances anew from the ledger: target by target, and of each only what differs. So a start reads
 * everything, and what follows a failover parses little. Rows stay in place until they are known to be wrong, so lists
 * are answered meanwhile. Memory does not grow with the organization beyond its rows.
 */
export async function beginRebuild(deps: {
  readonly ledger: Pick<Ledger, 'enrollments' | 'copies'>;
  readonly model: Model;
  readonly clock: Clock;
}): Promise<Rebuild> {
  const { ledger, model, clock } = deps;
  const populated = await ledger.enrollments.keptTargets();
  const all = new Map([...populated, ...model.instances.targets()].map((one) => [targetId(one), one]));
  const left = [...all.values()];

  async function compare(targets: readonly Target[]): Promise<void> {
    const known = targets.map((target) => ({ target, known: model.instances.versionsOf(target) }));
    for await (const { target, changed, gone } of ledger.copies.differences(known)) {
      model.instances.put(target, changed);
      model.instances.remove(target, gone);
    }
  }

  return {
    async run(forMs) {
      const untilMs = clock.monotonicMs() + forMs;
      const lane = async (): Promise<void> => {
        while (clock.monotonicMs() < untilMs) {
          const targets = left.splice(-GROUP);
          if (targets.length === 0) return;
          try {
            await compare(targets);
          } catch (error) {
            left.push(...targets);
            throw error;
          }
        }
      };
      // All come to their end before an error is told: none may write behind the back of the next step.
      const ends = await Promise.allSettled(Array.from({ length: LANES }, lane));
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      return left.length === 0;
    },
  };
}
