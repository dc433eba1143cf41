import type { Redis } from 'ioredis';
import { type AccountId, InstanceId } from '../organization/ids.ts';
import { readTargetId, type Target, targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { EnrollmentLedger } from './enrollment-store.ts';

/** What a target may hold; with `accountId`, asked of that account's targets alone. */
export type Held = (
  | { readonly state: string }
  | { readonly cause: string }
  | { readonly wave: string; readonly state: string }
) & {
  readonly accountId?: AccountId;
};
/** Targets asked at once: Redis is busy with them for about two milliseconds. */
const TARGETS_AT_ONCE = 1_000;

const COUNT = /^\d{1,15}$/;

function fieldOf(held: Held): string {
  if ('cause' in held) return `c:${held.cause}`;
  return 'wave' in held ? `w:${held.wave}:${held.state}` : `s:${held.state}`;
}

/** What another client left instead of a count is none. */
function readCount(text: string | null): number {
  return text !== null && COUNT.test(text) ? Number(text) : 0;
}

/** These counts of each target. Asks Redis once per target. */
async function readFields(
  { redis, keys }: { readonly redis: Redis; readonly keys: Keys },
  targets: readonly Target[],
  fields: readonly string[],
): Promise<readonly (readonly number[])[]> {
  const rows: (readonly number[])[] = [];
  for (let from = 0; from < targets.length; from += TARGETS_AT_ONCE) {
    const chunk = targets.slice(from, from + TARGETS_AT_ONCE);
    const counts = await Promise.all(
      chunk.map((target) => redis.hmget(keys.target(target).counts, ...fields)),
    );
    rows.push(...counts.map((texts) => texts.map(readCount)));
  }
  return rows;
}

/** Records over all targets: how many, and where. `commit-target.lua` keeps what is read here. */
export function createCountIndex({ redis, keys, run }: { redis: Redis; keys: Keys; run: RunScript }) {
  async function readCounts(): Promise<readonly (readonly [field: string, count: string])[] | null> {
    const [fields, populated] = await Promise.all([redis.hgetall(keys.counts), redis.scard(keys.populated)]);
    const entries = Object.entries(fields);
    const isKnown = entries.length > 0 || populated === 0;
    return isKnown && entries.every(([field, count]) => field !== '?' && COUNT.test(count)) ? entries : null;
  }

  function readTargets(ids: readonly string[]): readonly Target[] {
    return ids.map(readTargetId).filter((target) => target !== null);
  }

  return {
    /**
     * Σ over all targets: `states` by state, `causes` by cause, `waves` by wave and then by state. The cost does not depend on
     * how many targets there are.
     */
    async counts(): Promise<{
      readonly states: ReadonlyMap<string, number>;
      readonly causes: ReadonlyMap<string, number>;
      readonly waves: ReadonlyMap<string, ReadonlyMap<string, number>>;
    }> {
      let entries = await readCounts();
      if (entries === null) {
        await run('count-anew', [keys.counts, keys.countIndex, keys.populated], []);
        entries = (await readCounts()) ?? [];
      }
      const of = (kind: 's:' | 'c:'): ReadonlyMap<string, number> =>
        new Map(
          entries
            .filter(([field]) => field.startsWith(kind))
            .map(([field, count]) => [field.slice(kind.length), Number(count)]),
        );
      return { states: of('s:'), causes: of('c:'), waves: byWave(entries) };
    },

    /** Targets whose records are kept: those that hold one, and those that held one and are not retired yet. */
    async keptTargets(): Promise<readonly Target[]> {
      return readTargets(await redis.smembers(keys.populated));
    },

    /** Targets that hold a record in one of these states, or with one of these causes, in the order of their ids. */
    async targetsWith(...held: readonly Held[]): Promise<readonly Target[]> {
      const found = await Promise.all(
        held.map(async (one) => {
          const field = fieldOf(one);
          // `}` is the character after `|`, and `/` the one after the `.` of a target's id.
          const [from, to] =
            one.accountId === undefined
              ? [`[${field}|`, `(${field}}`]
              : [`[${field}|${one.accountId}.`, `(${field}|${one.accountId}/`];
          const members = await redis.zrangebylex(keys.countIndex, from, to);
          return members.map((member) => member.slice(field.length + 1));
        }),
      );
      return readTargets([...new Set(found.flat())].toSorted());
    },

    /** How many records in one of these states, or with one of these causes, each of some targets holds, in their order. */
    async countsIn(targets: readonly Target[], ...held: readonly Held[]): Promise<readonly number[]> {
      const counts = await readFields({ redis, keys }, targets, held.map(fieldOf));
      return counts.map((row) => row.reduce((sum, count) => sum + count, 0));
    },

    /** How many records in each of these states each of some targets holds, in their order. */
    statesIn: (targets: readonly Target[], states: readonly string[]) =>
      readFields(
        { redis, keys },
        targets,
        states.map((state) => fieldOf({ state })),
      ),

    /** The target that holds the instance's record, or whose scan saw it and keeps none; null when none is known. */
    async targetOf(id: InstanceId): Promise<Target | null> {
      const text = await redis.hget(keys.instanceTargets, id);
      return text === null ? null : readTargetId(text);
    },

    /** The same of many instances at once; one of which none is known is left out. */
    async targetsOf(ids: readonly InstanceId[]): Promise<ReadonlyMap<InstanceId, Target>> {
      const found = new Map<InstanceId, Target>();
      if (ids.length === 0) return found;
      const texts = await redis.hmget(keys.instanceTargets, ...ids);
      for (const [index, id] of ids.entries()) {
        const text = texts[index];
        const target = typeof text === 'string' ? readTargetId(text) : null;
        if (target !== null) found.set(id, target);
      }
      return found;
    },

    /** Removes what is left of a target without records and intents. False, and nothing happens, while it holds one. */
    async dropTarget(target: Target): Promise<boolean> {
      const names = keys.target(target);
      const left = [names.epoch, names.labels, names.labelChanges, names.summary, names.bystanders];
      const dues = [keys.due('install'), keys.due('verify')];
      // The epoch too: should the target come back, its own commands are listed before anything is sent.
      const dropped = await run(
        'drop-target',
        [names.instances, names.intents, keys.populated, ...dues, ...left],
        [targetId(target)],
      );
      return dropped === 1;
    },
  };
}

function byWave(
  entries: readonly (readonly [field: string, count: string])[],
): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const waves = new Map<string, Map<string, number>>();
  for (const [field, count] of entries) {
    const [, wave, state] = /^w:([a-z0-9-]+):(.+)$/.exec(field) ?? [];
    if (wave === undefined || state === undefined) continue;
    const states = waves.get(wave) ?? new Map<string, number>();
    waves.set(wave, states.set(state, Number(count)));
  }
  return waves;
}

/** Who may be claimed, and when: an index of the records, which another client may have written to. */
export function createCandidateIndex(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): Pick<EnrollmentLedger, 'candidates' | 'repairCandidates' | 'nextCandidateAt'> {
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

    async repairCandidates(target, ids) {
      if (ids.length === 0) return [];
      const names = keys.target(target);
      return (await run('repair-candidates', [names.instances, names.candidates], ids)) as string[];
    },

    async nextCandidateAt(target, afterMs) {
      const { candidates } = keys.target(target);
      const from = afterMs === undefined ? '-inf' : `(${afterMs}`;
      const [, score] = await redis.zrangebyscore(candidates, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1);
      return score === undefined ? null : Number(score);
    },
  };
}
