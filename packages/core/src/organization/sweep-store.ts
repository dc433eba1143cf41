import type { Redis } from 'ioredis';
import { z } from 'zod';
import { EpochMs } from '../enrollment/record.ts';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import { COVERAGE_STATUSES, sweepVerdict, type CoverageStatus, type TargetCounts } from './coverage.ts';
import type { Keys } from '../redis/keys.ts';
import { isRefusal } from '../redis/redis-fault.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { CoverageLedger } from './coverage-store.ts';

export interface SweepView {
  readonly id: string;
  readonly startedAtMs: number;
  /** Null while it runs. */
  readonly finishedAtMs: number | null;
  readonly verdict: 'complete' | 'partial' | 'failed' | null;
  /** `inactive`: suspended, closed or about to be; they have no targets. */
  readonly accounts: { readonly total: number; readonly denied: number; readonly inactive: number };
  readonly targets: TargetCounts;
}

/** A sweep that has ended, as it was then. */
export type EndedSweep = SweepView & { readonly finishedAtMs: number };

/** How many of them are kept: with the usual interval, the last four hours. */
const ENDED_KEPT = 50;

const Count = z.number().int().nonnegative();
const StoredSweep: z.ZodType<EndedSweep> = z.looseObject({
  id: z.string(),
  startedAtMs: EpochMs,
  finishedAtMs: EpochMs,
  verdict: z.enum(['complete', 'partial', 'failed']).nullable(),
  accounts: z.object({ total: Count, denied: Count, inactive: Count }),
  targets: z.object({
    total: Count,
    complete: Count,
    partial: Count,
    denied: Count,
    regionOff: Count,
    throttled: Count,
    failed: Count,
    pending: Count,
  }),
});

/** How the coverage id of a whole account ends, one that cannot be entered. */
export const WHOLE_ACCOUNT = '.*';

type SweepLedger = Pick<
  CoverageLedger,
  | 'startSweep'
  | 'readSince'
  | 'requestReadings'
  | 'beginReading'
  | 'endAccountListing'
  | 'sweep'
  | 'endedSweeps'
>;

/** The sweep: a view on the readings since a moment, not a task that a process has to finish. */
export function createSweepLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): SweepLedger {
  const { redis, keys, run } = deps;
  async function begin(what: 'reading' | 'request' | 'sweep', sweepId = ''): Promise<number> {
    return (await run('begin-reading', [keys.sweep], [what, sweepId])) as number;
  }

  async function countTargets(sinceMs: number): Promise<TargetCounts> {
    const pipeline = redis.pipeline();
    for (const status of COVERAGE_STATUSES) {
      pipeline.zcard(keys.coverageStatus(status));
      pipeline.zcount(keys.coverageStatus(status), sinceMs, '+inf');
    }
    const replies = (await pipeline.exec()) ?? [];
    const counts: Record<CoverageStatus, number> = {
      complete: 0,
      partial: 0,
      denied: 0,
      regionOff: 0,
      throttled: 0,
      failed: 0,
      pending: 0,
    };
    let total = 0;
    for (const [index, status] of COVERAGE_STATUSES.entries()) {
      const all = Number(replies[index * 2]?.[1] ?? 0);
      const since = Number(replies[index * 2 + 1]?.[1] ?? 0);
      total += all;
      // What was read before the sweep began is not read yet, as far as this sweep goes; what is denied or off is
      // asked again on its own, slower schedule, and stays what it is meanwhile.
      const counted = status === 'denied' || status === 'regionOff' ? all : since;
      counts[status] += status === 'pending' ? 0 : counted;
      counts.pending += status === 'pending' ? all : all - counted;
    }
    return { ...counts, total };
  }

  return {
    startSweep: (sweepId) => begin('sweep', sweepId),

    requestReadings: () => begin('request'),

    beginReading: () => begin('reading'),

    async readSince(sinceMs) {
      const [targets, accountsLeft] = await Promise.all([
        countTargets(sinceMs),
        redis.zcount(keys.accountsResolved, '-inf', `(${sinceMs}`),
      ]);
      return { targets, accountsLeft };
    },

    async endAccountListing(sweepId, nowMs, error, inactive) {
      await redis.hset(keys.sweep, {
        [`accountsListedAtMs:${sweepId}`]: nowMs,
        [`accountsError:${sweepId}`]: error ?? '',
        inactive,
      });
    },

    async sweep(nowMs): Promise<SweepView | null> {
      const fields = await redis.hgetall(keys.sweep);
      const startedAtMs = readTime(fields['startedAtMs'], nowMs);
      // One that another client has written over is none: the next one takes its place.
      if (fields['id'] === undefined || startedAtMs === null) return null;
      const [targets, total, unresolved, denied] = await Promise.all([
        countTargets(startedAtMs),
        redis.hlen(keys.accounts),
        redis.zcount(keys.accountsResolved, '-inf', 0),
        countDeniedAccounts(redis, keys),
      ]);
      // These fields carry the sweep's id: a process that ends a listing, or finds a sweep finished, while the next one starts must
      // not do it to that one.
      const listed = fields[`accountsListedAtMs:${fields['id']}`] !== undefined;
      const verdict = sweepVerdict(targets, fields[`accountsError:${fields['id']}`] === '');
      const view = {
        id: fields['id'],
        startedAtMs,
        accounts: { total, denied, inactive: Number(fields['inactive'] ?? 0) },
        targets,
      };
      const finishedAtMs = readTime(fields[`finishedAtMs:${view.id}`], nowMs);
      if (finishedAtMs !== null) return { ...view, finishedAtMs, verdict };
      if (!listed || unresolved > 0 || targets.pending > 0) return { ...view, finishedAtMs, verdict: null };
      const ended: EndedSweep = { ...view, finishedAtMs: nowMs, verdict };
      // A Redis that refuses writes still tells how things stand; the next look marks it.
      const args = [view.id, nowMs, encodeStored(ended), ENDED_KEPT] as const;
      await run('finish-sweep', [keys.sweep, keys.endedSweeps], args).catch(unlessRefused);
      return ended;
    },

    async endedSweeps() {
      const texts = await redis.lrange(keys.endedSweeps, 0, ENDED_KEPT - 1);
      return texts.map((text) => parseStored(StoredSweep, text)).filter((one) => one !== null);
    },
  };
}

/** As in date-reading.lua. */
const MOST_AHEAD_MS = 157_680_000_000;

/** A time as date-reading.lua takes it; null for what can be none, such as what another client has written. */
function readTime(text: string | null | undefined, nowMs: number): number | null {
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) return null;
  return Number(text) <= nowMs + MOST_AHEAD_MS ? Number(text) : null;
}

function unlessRefused(error: unknown): void {
  if (!isRefusal(error)) throw error;
}

async function countDeniedAccounts(redis: Redis, keys: Keys): Promise<number> {
  const members = await redis.zrange(keys.coverageStatus('denied'), 0, '-1');
  return members.filter((member) => member.endsWith(WHOLE_ACCOUNT)).length;
}
