import type { Redis } from 'ioredis';
import type { ApprovalLedger } from '../../control/approval-store.ts';
import type { EnrollmentLedger } from '../../enrollment/enrollment-store.ts';
import type { Keys } from '../../redis/keys.ts';
import { redisTime } from '../../redis/redis-time.ts';
import type { RunScript } from '../../redis/scripts.ts';
import { digestOfWaves, type Wave } from './wave.ts';
import { basisOf, holdMsOf, progressOf, type WaveFacts, type WaveMemory } from './wave-standing.ts';

/** Without a look for so long, conditions count as not having held meanwhile. Real time. */
const LONGEST_GAP_MS = 120_000;
/** Field of the whole list; no wave's name. */
const LIST = '*';

interface WaveDeps {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
  readonly enrollments: Pick<EnrollmentLedger, 'counts'>;
  readonly approvals: ApprovalLedger;
}

/** The list of waves as it is now. */
export interface WavesInForce {
  /** Epoch ms of Redis. */
  readonly sinceMs: number;
  /** Whether a whole sweep has read the organization since. */
  readonly isSwept: boolean;
}

/** What a look found of one wave. */
export interface WaveLook {
  readonly wave: Wave;
  readonly holds: boolean;
  readonly targets: number;
  readonly unread: number;
}

/** Where waves stand, as far as looks at them have found out. */
export function createWaveLedger({ redis, keys, run, enrollments, approvals }: WaveDeps) {
  async function begin(waves: readonly Wave[]): Promise<WavesInForce> {
    const sinceMs = await redisTime(redis);
    await redis.hset(keys.waves, LIST, `${digestOfWaves(waves)}|${sinceMs}|`);
    return { sinceMs, isSwept: false };
  }

  return {
    /**
     * A worker scans by these waves from now on. Until it does, its readings name other waves or none, and a wave without
     * hosts would look as if all of them had joined.
     */
    async takeUp(waves: readonly Wave[]): Promise<void> {
      if (readInForce(await redis.hget(keys.waves, LIST), waves) === null) await begin(waves);
    },

    /**
     * Since when workers scan by these waves: what was read before says nothing of who belongs to which. Null while the waves
     * that a worker took up last are others.
     */
    async inForce(waves: readonly Wave[]): Promise<WavesInForce | null> {
      const text = await redis.hget(keys.waves, LIST);
      // A Redis that was emptied: the workers took them up before.
      return text === null ? begin(waves) : readInForce(text, waves);
    },

    /** A sweep that began later has ended. */
    async markSwept(waves: readonly Wave[], { sinceMs }: WavesInForce): Promise<void> {
      await redis.hset(keys.waves, LIST, `${digestOfWaves(waves)}|${sinceMs}|1`);
    },

    /** Everything that waves are judged by. Asked before every send: three questions, whatever the size of the fleet. */
    async facts(waves: readonly Wave[], nowMs: number): Promise<WaveFacts> {
      const approved = waves.filter(({ approvedGrowth }) => approvedGrowth !== null);
      const [counts, texts, ...pinned] = await Promise.all([
        enrollments.counts(),
        redis.hgetall(keys.waves),
        ...approved.map(({ name }) => approvals.approval(`wave:${name}`)),
      ]);
      const memories = waves.map((wave) => [wave.name, readMemory(texts[wave.name], wave)] as const);
      return {
        waves,
        nowMs,
        isSwept: readInForce(texts[LIST], waves)?.isSwept ?? false,
        progress: new Map(waves.map(({ name }) => [name, progressOf(counts.waves.get(name))])),
        memory: new Map(memories.flatMap(([name, memory]) => (memory === null ? [] : [[name, memory]]))),
        approvals: new Map(
          pinned.flatMap((approval, index) => {
            const name = approved[index]?.name;
            return approval === null || name === undefined ? [] : [[name, approval]];
          }),
        ),
      };
    },

    /** Notes a look. @returns the names of waves whose conditions have held for long enough with it, for the first time */
    async note(looks: readonly WaveLook[]): Promise<readonly string[]> {
      const args = looks.flatMap(({ wave, holds, targets, unread }) => [
        wave.name,
        basisOf(wave),
        holds ? 1 : 0,
        holdMsOf(wave),
        targets,
        unread,
      ]);
      return (await run('note-waves', [keys.waves], [LONGEST_GAP_MS, ...args])) as string[];
    },
  };
}

/** Where waves stand. */
export type WaveLedger = ReturnType<typeof createWaveLedger>;

/** Null for another list than that of these waves. */
function readInForce(text: string | null | undefined, waves: readonly Wave[]): WavesInForce | null {
  const [, digest, since, swept] = /^([0-9a-f]*)\|(\d+)\|(|1)$/.exec(text ?? '') ?? [];
  return digest === digestOfWaves(waves) ? { sinceMs: Number(since), isSwept: swept === '1' } : null;
}

/** Null for a wave that no look has seen as it is defined now, and for what another client wrote. */
function readMemory(text: string | undefined, wave: Wave): WaveMemory | null {
  const [, digest, held, opened, targets, unread] =
    /^([0-9a-f]+)\|(\d*)\|(\d*)\|\d*\|(\d+)\|(\d+)$/.exec(text ?? '') ?? [];
  if (digest !== basisOf(wave)) return null;
  const time = (one: string | undefined) => (one === undefined || one === '' ? null : Number(one));
  return {
    heldSinceMs: time(held),
    openedAtMs: time(opened),
    targets: Number(targets),
    unread: Number(unread),
  };
}
