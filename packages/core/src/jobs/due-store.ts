import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { DueKind } from './catalog.ts';

/** Work on a due member, as its end must know it. Both are Redis's time (epoch ms). */
export interface BegunWork {
  readonly begunAtMs: number;
  /** Until then the member is not handed out, unless it is scheduled meanwhile. */
  readonly leaseEndMs: number;
}

/**
 * What is due, and when; the queue's jobs only say to do it now. All times are Redis's: a caller says how long from now.
 * Losing an index costs a delay until the target is scanned again, never a command.
 */
export type DueLedger = ReturnType<typeof createDueLedger>;

const SCHEDULE_CHUNK = 500;

export function createDueLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  return {
    /**
     * Makes members due now, or in a while; one that is due earlier stays so.
     *
     * @param inMs from now, of all of them, or of each by its place in the list
     */
    async schedule(
      kind: DueKind,
      members: readonly string[],
      inMs: number | ((place: number) => number) = 0,
    ): Promise<void> {
      const waitOf = (place: number): number => Math.floor(typeof inMs === 'number' ? inMs : inMs(place));
      for (let from = 0; from < members.length; from += SCHEDULE_CHUNK) {
        const chunk = members.slice(from, from + SCHEDULE_CHUNK);
        await run(
          'schedule-due',
          [keys.due(kind)],
          chunk.flatMap((member, place) => [waitOf(from + place), member]),
        );
      }
    },

    /** Hands out what is due, once, until the lease ends. */
    async lease(kind: DueKind, leaseMs: number, limit: number): Promise<readonly string[]> {
      return (await run('lease-due', [keys.due(kind)], [Math.floor(leaseMs), limit])) as string[];
    },

    /** Begins work on a member: it is not handed out again before the lease ends. */
    async begin(kind: DueKind, member: string, leaseMs: number): Promise<BegunWork> {
      const reply = await run('begin-due', [keys.due(kind)], [member, Math.floor(leaseMs)]);
      const [begunAtMs, leaseEndMs] = reply as [number, number];
      return { begunAtMs, leaseEndMs };
    },

    /** Puts off the end of the lease of work that goes on. Returns the end of the lease as `finish` must know it. */
    async renew(
      kind: DueKind,
      member: string,
      { leaseEndMs }: Pick<BegunWork, 'leaseEndMs'>,
      leaseMs: number,
    ): Promise<number> {
      return (await run('renew-due', [keys.due(kind)], [member, leaseEndMs, Math.floor(leaseMs)])) as number;
    },

    /** Ends it: due again in a while, or never (null). What was scheduled meanwhile is due now instead. */
    async finish(
      kind: DueKind,
      member: string,
      { leaseEndMs }: Pick<BegunWork, 'leaseEndMs'>,
      nextInMs: number | null,
    ): Promise<void> {
      const nextIn = nextInMs === null ? '' : Math.floor(nextInMs);
      await run('finish-due', [keys.due(kind)], [member, leaseEndMs, nextIn]);
    },

    /** Takes out what Muster did not write. */
    async drop(kind: DueKind, members: readonly string[]): Promise<void> {
      await redis.zrem(keys.due(kind), ...members);
    },

    /** How many members, how many are due now, and for how long the first has been. */
    async count(kind: DueKind): Promise<{
      readonly all: number;
      readonly due: number;
      readonly overdueMs: number;
    }> {
      const [all, due, overdueMs] = (await run('count-due', [keys.due(kind)], [])) as [
        number,
        number,
        number,
      ];
      return { all, due, overdueMs };
    },
  };
}
