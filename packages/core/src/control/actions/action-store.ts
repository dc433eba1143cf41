import { hash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { encodeStored, parseStored } from '../../enrollment/stored-schema.ts';
import type { Keys } from '../../redis/keys.ts';
import type { RunScript } from '../../redis/scripts.ts';
import {
  type Action,
  ACTION_STATES,
  ActionFacts,
  ActionId,
  ActionPart,
  ActionStart,
  readCount,
  readTime,
} from './action.ts';

/** How long a plan may be begun. */
export const PLAN_SECONDS = 3_600;
/** Actions that are kept, the newest, and for how long. */
const KEPT = 1_000;
const KEPT_SECONDS = 30 * 86_400;
/** Parts that are written by one command. */
const PARTS_CHUNK = 500;

/** What became of a request to begin a plan. */
export interface Started {
  /**
   * `started`: now. `known`: by the same key, with the same body. `other`: that key began something else. `begun`: the plan was
   * begun by another key. `missing`: there is no such plan, or its time is over.
   */
  readonly outcome: 'started' | 'known' | 'other' | 'begun' | 'missing';
  readonly id: ActionId;
}

/** Plans and actions. A plan is an action that has not begun: it keeps its id. */
export function createActionLedger({
  redis,
  keys,
  run,
}: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  function move(id: ActionId, once: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const names = [keys.action(id), keys.actionParts(id), keys.actions, keys.due('actions'), once];
    return run('move-action', names, [id, ...args]);
  }

  async function read(id: ActionId): Promise<Action | null> {
    const fields = await redis.hgetall(keys.action(id));
    return actionOf(id, fields);
  }

  return {
    /** Keeps a plan for an hour. @param hosts all that were chosen, and how many of them are left alone */
    async plan(
      id: ActionId,
      facts: ActionFacts,
      parts: readonly ActionPart[],
      hosts: { readonly total: number; readonly skipped: number },
    ): Promise<void> {
      const [key, list] = [keys.action(id), keys.actionParts(id)];
      for (let at = 0; at < parts.length; at += PARTS_CHUNK) {
        const texts = parts.slice(at, at + PARTS_CHUNK).map((part) => encodeStored(part));
        await redis
          .multi()
          .rpush(list, ...texts)
          .expire(list, PLAN_SECONDS)
          .exec();
      }
      const [seconds] = await redis.time();
      await redis
        .multi()
        .hset(key, {
          facts: encodeStored(facts),
          state: 'planned',
          created: Number(seconds) * 1_000,
          ...hosts,
          parts: parts.length,
        })
        .expire(key, PLAN_SECONDS)
        .exec();
    },

    read,

    /**
     * Begins a plan, once for each key of an actor.
     *
     * @param digest of what was asked for: the same key with another one is refused
     * @param goOnInMs in how long another process takes the next step, where this one does not
     */
    async start(
      id: ActionId,
      start: ActionStart,
      { key, digest, goOnInMs }: { readonly key: string; readonly digest: string; readonly goOnInMs: number },
    ): Promise<Started> {
      const once = keys.actionKey(hash('sha256', JSON.stringify([start.by.kind, start.by.name, key])));
      const reply = await move(id, once, 'start', digest, encodeStored(start), goOnInMs, KEPT, KEPT_SECONDS);
      const [outcome, of] = reply as [Started['outcome'], string];
      const known = ActionId.safeParse(of);
      return { outcome, id: known.success ? known.data : id };
    },

    /** One of the action's steps; null when there is none. */
    async part(id: ActionId, cursor: number): Promise<ActionPart | null> {
      const text = await redis.lindex(keys.actionParts(id), cursor);
      return text === null ? null : parseStored(ActionPart, text);
    },

    /** Counts a step, if no other process has. @returns the state, and at which step it is now */
    async step(
      id: ActionId,
      cursor: number,
      { done, skipped, failed }: { readonly done: number; readonly skipped: number; readonly failed: number },
    ): Promise<{ readonly state: string; readonly cursor: number }> {
      const reply = await move(id, keys.nothing, 'step', cursor, done, skipped, failed);
      const [state, at] = reply as [string, number];
      return { state, cursor: at };
    },

    /**
     * Keeps what an act of one step is about to do, as its first try saw it: a try after a kill finds some of it done.
     *
     * @returns what the first try said
     */
    async foresee(id: ActionId, effect: string): Promise<string> {
      await redis.hsetnx(keys.action(id), 'effect', effect);
      return (await redis.hget(keys.action(id), 'effect')) ?? effect;
    },

    /** Notes that an act of one step is done: what is left is to tell the audit, and no process does it again. */
    async noteActed(id: ActionId): Promise<void> {
      await redis.hset(keys.action(id), 'acted', 1);
    },

    /** @returns false when it does not run */
    async end(id: ActionId, state: 'done' | 'canceled' | 'failed', message: string): Promise<boolean> {
      const [ended] = (await move(id, keys.nothing, 'end', state, message)) as [number];
      return ended === 1;
    },

    /** The newest first. @param beforeMs only those that began before; null for all */
    async newest(limit: number, beforeMs: number | null = null): Promise<readonly Action[]> {
      const most = beforeMs === null ? '+inf' : `(${beforeMs}`;
      const ids = await redis.zrevrangebyscore(keys.actions, most, '-inf', 'LIMIT', 0, limit);
      const found = await Promise.all(
        ids.flatMap((text) => {
          const id = ActionId.safeParse(text);
          return id.success ? [read(id.data)] : [];
        }),
      );
      return found.filter((one) => one !== null);
    },
  };
}

/** See `createActionLedger`. */
export type ActionLedger = ReturnType<typeof createActionLedger>;

/** Null for what is no action, or one of a newer release. */
function actionOf(id: ActionId, fields: Readonly<Record<string, string>>): Action | null {
  const facts = parseStored(ActionFacts, fields['facts'] ?? '');
  const state = ACTION_STATES.find((one) => one === fields['state']);
  if (facts === null || state === undefined) return null;
  const [done, skipped, failed] = ['done', 'skipped', 'failed'].map((field) => readCount(fields[field]));
  const counted = (done ?? 0) + (skipped ?? 0) + (failed ?? 0);
  return {
    ...facts,
    id,
    state,
    start: fields['start'] === undefined ? null : parseStored(ActionStart, fields['start']),
    createdAtMs: readTime(fields['created']) ?? 0,
    endedAtMs: readTime(fields['ended']),
    progress: {
      // What waits for its back-off is retried too, and no index counts it beforehand.
      total: Math.max(readCount(fields['total']), counted),
      done: done ?? 0,
      skipped: skipped ?? 0,
      failed: failed ?? 0,
    },
    parts: readCount(fields['parts']),
    cursor: readCount(fields['cursor']),
    effect: fields['effect'] ?? null,
    isActed: fields['acted'] === '1',
    message: fields['message'] ?? '',
  };
}
