import type { Redis } from 'ioredis';
import { COVERAGE_STATUSES, type Coverage, type CoverageStatus } from '../domain/coverage.ts';
import { targetId } from '../domain/target.ts';
import type { BegunScan, ScanLedger, TargetRest } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import { parseScope } from './coverage.ts';
import { parseStored, StoredCoverage } from './schema.ts';
import type { RunScript } from './scripts.ts';

/** What end-scan.lua says then. */
const STANDS_ELSEWHERE = 2;

/** Beginning and end of a scan: see `ScanLedger`. */
export function createScanLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): ScanLedger {
  const { redis, keys, run } = deps;
  const beginKeys = [keys.due('scan'), keys.accounts, keys.accountRegions, keys.coverage, keys.sweep];
  const endKeys = [keys.due('scan'), keys.sweep, keys.coverage];

  /** @returns false, and nothing is done, when the target stands in a status that is not among these */
  async function end(
    { target, untilMs, sweepStart }: BegunScan,
    coverage: Coverage | null,
    nextAtMs: number | null,
    nowMs: number,
    statuses: readonly CoverageStatus[],
  ): Promise<boolean> {
    const reply = await run(
      'end-scan',
      [...endKeys, ...statuses.map((status) => keys.coverageStatus(status))],
      [
        targetId(target),
        untilMs,
        nextAtMs === null ? '' : Math.floor(nextAtMs),
        Math.floor(nowMs),
        coverage?.status ?? '',
        coverage?.attemptedAtMs ?? 0,
        coverage === null ? '' : JSON.stringify(coverage),
        sweepStart,
        statuses.join(','),
        statuses.length < COVERAGE_STATUSES.length ? 'some' : 'all',
      ],
    );
    return reply !== STANDS_ELSEWHERE;
  }

  return {
    async begin(target, untilMs, nowMs) {
      // Two commands that travel together: they speak of different slots of a cluster.
      const [reply, [written = null, rest = null]] = await Promise.all([
        run('begin-scan', beginKeys, [targetId(target), target.accountId, untilMs]),
        redis.hmget(keys.target(target).summary, 'written', 'rest'),
      ]);
      const [account, regions, coverage, sweepStart] = reply as readonly (string | null)[];
      const scope = parseScope(account ?? null, regions ?? null);
      const read = coverage === null || coverage === undefined ? null : parseStored(StoredCoverage, coverage);
      return {
        target,
        untilMs,
        begunAtMs: Math.max(nowMs, Number(sweepStart ?? 0)),
        sweepStart: sweepStart ?? '',
        scope: scope === null ? null : { ...scope, coverage: read },
        written,
        rest: readRest(written, rest),
      };
    },

    async putRest({ target, written }, { digest, untilMs: restsUntilMs }) {
      if (written === null) return;
      const text = `${written}|${digest}|${Math.floor(restsUntilMs)}`;
      await redis.hset(keys.target(target).summary, 'rest', text);
    },

    async end(begun, coverage, nextAtMs, nowMs) {
      const stood = begun.scope?.coverage?.status ?? 'pending';
      const likely = coverage === null ? [] : [...new Set([coverage.status, stood])];
      // Each status is a key more to send, and somebody has moved it meanwhile hardly ever.
      if (await end(begun, coverage, nextAtMs, nowMs, likely)) return;
      await end(begun, coverage, nextAtMs, nowMs, COVERAGE_STATUSES);
    },
  };
}

/** Null for a rest of other records than those of now. */
function readRest(written: string | null, text: string | null): TargetRest | null {
  const [of, digest, untilMs] = text?.split('|') ?? [];
  if (of === undefined || of !== written || digest === undefined) return null;
  return { digest, untilMs: Number(untilMs) || 0 };
}
