import type { Redis } from 'ioredis';
import { z } from 'zod';
import { matchersWorkedBy } from '../../control/worked-by.ts';
import { EpochMs } from '../../enrollment/record.ts';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { MatcherKey } from '../../organization/ids.ts';
import { readTargetId, type Target, targetId } from '../../organization/target.ts';
import type { Keys } from '../../redis/keys.ts';
import type { RunScript } from '../../redis/scripts.ts';
import { matcherRampId } from './ramp-cover.ts';
import type { RampMove, RampRule, RampStep } from './ramp.ts';
import { createSlotReader } from './slot-store.ts';

/** What a ramp is about. */
export interface RampFacts {
  readonly kind: 'matcher' | 'resume' | 'retry';
  /** The matcher's label; the scope of the resume or the retry. */
  readonly subject: string;
  readonly beganAtMs: number;
  /** Since when it lets in no host; null while it runs. */
  readonly stoppedAtMs: number | null;
  /** What of the rule it began with is shown; decided is by the rule of the moment. */
  readonly factor: number;
  readonly success: number;
}

/** A ramp with its counts. */
export interface RampState extends RampFacts {
  readonly id: string;
  readonly step: RampStep;
  /** A count of all steps: a decision names the one it is about. */
  readonly stepCount: number;
  /** How often it has grown: 0 in the first step. */
  readonly grown: number;
  /** Hosts sent to in all steps, and how many of them have joined. */
  readonly touched: number;
  readonly allJoined: number;
  /** When a host last took a slot, or the step began; and when targets were last woken for it. Epoch ms. */
  readonly takenAtMs: number;
  readonly wokenAtMs: number;
  /** Targets whose hosts wait for a slot. */
  readonly waiting: number;
  /** False for the ramp of a matcher that is not in the configuration that was last worked by. */
  readonly isWanted: boolean;
}

const StoredRamp = z.looseObject({
  kind: z.enum(['matcher', 'resume', 'retry']),
  subject: z.string(),
  beganAtMs: EpochMs,
  stoppedAtMs: EpochMs.nullable().default(null),
  factor: z.number().default(2),
  success: z.number().default(0.9),
});

/** Counts of a ramp that ramps.lua keeps from its begin on. */
const COUNTS = [
  'step',
  'first_of_size',
  'size',
  'taken',
  'joined',
  'failed',
  'tried',
  'tried_failed',
  'grown',
  'touched',
  'all_joined',
];
const COUNT = /^\d{1,15}$/;
/** As ramp-cover.ts makes them. */
const RAMP_ID = /^[mrt]:[\w:-]+$/;

/** Of `Keys.ramps`: written when the matchers of an older ledger were looked at. */
const SINCE = 'since';
const OVER = 'over';

/** Mass starts that begin with a few hosts. What a claim takes and an end gives is counted in commit-target.lua. */
export function createRampLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;

  async function move(id: string, ...args: readonly (string | number)[]): Promise<boolean> {
    const done = await run('move-ramp', [keys.ramps, keys.ramp(id), keys.rampHosts(id)], [id, ...args]);
    return done === 1;
  }

  const { wanted, read } = createCountReader({ redis, keys });

  return {
    /** By id, what each ramp is about, null for one that is over; `isNew`: the matchers of this ledger were never looked at. */
    async index(): Promise<{
      readonly ramps: ReadonlyMap<string, RampFacts | null>;
      readonly isNew: boolean;
    }> {
      const fields = await redis.hgetall(keys.ramps);
      const ramps = new Map<string, RampFacts | null>();
      for (const [id, text] of Object.entries(fields)) {
        if (!RAMP_ID.test(id)) continue;
        const facts = text === OVER ? null : parseStored(StoredRamp, text);
        if (text === OVER || facts !== null) ramps.set(id, facts);
      }
      return { ramps, isNew: fields[SINCE] === undefined };
    },

    /** Ramps that run or are stopped, with their counts; without those whose counts are none: see `restore`. */
    async all(): Promise<readonly RampState[]> {
      const { ramps } = await this.index();
      const running = [...ramps].filter((one): one is [string, RampFacts] => one[1] !== null);
      if (running.length === 0) return [];
      const worked = await wanted();
      const states = await Promise.all(running.map(([id, facts]) => read(id, facts, worked)));
      return states.filter((state) => state !== null);
    },

    /** Begins a ramp. `anew`: in the place of one of this id. @returns false, and nothing happens, when there is one */
    begin(
      id: string,
      about: Pick<RampFacts, 'kind' | 'subject'> & { readonly nowMs: number },
      { first, factor, success }: RampRule,
      anew: 'anew' | 'once',
    ): Promise<boolean> {
      const { kind, subject, nowMs: beganAtMs } = about;
      const facts: RampFacts = { kind, subject, beganAtMs, stoppedAtMs: null, factor, success };
      return move(id, 'begin', first, encodeStored(facts), anew);
    },

    /**
     * Begins anew each ramp whose counts another client took away or wrote over: it would let in no host for good. One that was
     * stopped lets in none afterwards either, and a resume finds it.
     */
    async restore({ first }: RampRule): Promise<void> {
      for (const [id, facts] of (await this.index()).ramps) {
        if (facts === null || !(await move(id, 'begin', first, encodeStored(facts), 'lost'))) continue;
        const ramp = facts.stoppedAtMs === null ? null : await read(id, facts, null);
        if (ramp !== null) await move(id, 'stop', ramp.stepCount, encodeStored(facts));
      }
    },

    /** The matchers of this ledger were looked at; those of `over` have had their ramps. */
    async noteOldMatchers(over: readonly MatcherKey[], nowMs: number): Promise<void> {
      for (const key of over) await move(matcherRampId(key), 'over');
      await redis.hsetnx(keys.ramps, SINCE, nowMs);
    },

    /** Does what was decided on the ramp as it was read. @returns false when it is at another step meanwhile */
    decide(ramp: RampState, decision: RampMove, nowMs: number): Promise<boolean> {
      switch (decision.kind) {
        case 'wait':
          return Promise.resolve(false);
        case 'grow':
          return move(ramp.id, 'grow', ramp.stepCount, decision.size, decision.carried);
        case 'end':
        case 'repeat':
          return move(ramp.id, decision.kind, ramp.stepCount);
        case 'stop': {
          const { kind, subject, beganAtMs, factor, success } = ramp;
          const facts: RampFacts = { kind, subject, beganAtMs, stoppedAtMs: nowMs, factor, success };
          return move(ramp.id, 'stop', ramp.stepCount, encodeStored(facts));
        }
        default:
          return decision satisfies never;
      }
    },

    /** Ends a ramp as if it had never begun. */
    async drop(id: string): Promise<void> {
      await move(id, 'drop', '');
    },

    /** Hosts of these targets wait for a slot. */
    async wait(id: string, targets: readonly Target[]): Promise<void> {
      if (targets.length > 0) await redis.sadd(keys.rampWaiting(id), ...targets.map(targetId));
    },

    /** Takes targets that wait for a slot, at random, at most `limit`: they are to be woken now. */
    async wake(id: string, limit: number, nowMs: number): Promise<readonly Target[]> {
      const ids = await redis.spop(keys.rampWaiting(id), limit);
      // A ramp that is over has no counts.
      if ((await redis.exists(keys.ramp(id))) === 1) await redis.hset(keys.ramp(id), 'woken_at', nowMs);
      return ids.map(readTargetId).filter((target) => target !== null);
    },

    /** Gives back places and slots that no record holds; at most every ten seconds, however often it is asked. */
    async review(): Promise<void> {
      await run('review-places', [keys.places, keys.countIndex, keys.counts], []);
    },

    ...createSlotReader({ redis, keys }),
  };
}

/** Part of the ledger of ramps: what they have counted. */
function createCountReader({ redis, keys }: { readonly redis: Redis; readonly keys: Keys }) {
  /** Ids of the ramps of matchers that are worked by; null while that is not known. */
  async function wanted(): Promise<ReadonlySet<string> | null> {
    const keysOfMatchers = matchersWorkedBy(await redis.get(keys.workedBy));
    return keysOfMatchers === null ? null : new Set(keysOfMatchers.map(matcherRampId));
  }

  async function read(
    id: string,
    facts: RampFacts,
    worked: ReadonlySet<string> | null,
  ): Promise<RampState | null> {
    const [fields, waiting] = await Promise.all([
      redis.hgetall(keys.ramp(id)),
      redis.scard(keys.rampWaiting(id)),
    ]);
    if (!COUNTS.every((field) => COUNT.test(fields[field] ?? ''))) return null;
    const isWanted = facts.kind !== 'matcher' || worked?.has(id) !== false;
    return { ...stateOf(id, facts, fields, waiting), isWanted };
  }

  return { wanted, read };
}

/** See `createRampLedger`. */
export type RampLedger = ReturnType<typeof createRampLedger>;

function stateOf(
  id: string,
  facts: RampFacts,
  fields: Readonly<Record<string, string>>,
  waiting: number,
): Omit<RampState, 'isWanted'> {
  const count = (field: string): number => Number(fields[field] ?? 0);
  const ofKind = (prefix: string): readonly number[] =>
    Object.entries(fields)
      .filter(([field]) => field.startsWith(prefix))
      .map(([, text]) => Number(text));
  return {
    ...facts,
    id,
    step: {
      size: count('size'),
      taken: count('taken'),
      joined: count('joined'),
      failed: count('failed'),
      tried: count('tried'),
      triedFailed: count('tried_failed'),
      failedByAccount: ofKind('f:'),
      accounts: ofKind('a:').filter((taken) => taken > 0).length,
      carried: Number(fields['carried'] ?? 0),
    },
    stepCount: count('step'),
    grown: count('grown'),
    touched: count('touched'),
    allJoined: count('all_joined'),
    takenAtMs: count('taken_at'),
    wokenAtMs: count('woken_at'),
    waiting,
  };
}
