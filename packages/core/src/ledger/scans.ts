import type { Redis } from 'ioredis';
import { COVERAGE_STATUSES } from '../domain/coverage.ts';
import { targetId } from '../domain/target.ts';
import type { ScanLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import { parseScope } from './coverage.ts';
import { parseStored, StoredCoverage } from './schema.ts';
import type { RunScript } from './scripts.ts';

/** Beginning and end of a scan: see `ScanLedger`. */
export function createScanLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): ScanLedger {
  const { keys, run } = deps;
  const beginKeys = [keys.due('scan'), keys.accounts, keys.accountRegions, keys.coverage, keys.sweep];
  const endKeys = [
    keys.due('scan'),
    keys.sweep,
    keys.coverage,
    ...COVERAGE_STATUSES.map((status) => keys.coverageStatus(status)),
  ];
  const statuses = COVERAGE_STATUSES.join(',');

  return {
    async begin(target, untilMs, nowMs) {
      const [account, regions, coverage, sweepStart] = (await run('begin-scan', beginKeys, [
        targetId(target),
        target.accountId,
        untilMs,
      ])) as readonly (string | null)[];
      const scope = parseScope(account ?? null, regions ?? null);
      const read = coverage === null || coverage === undefined ? null : parseStored(StoredCoverage, coverage);
      return {
        target,
        untilMs,
        begunAtMs: Math.max(nowMs, Number(sweepStart ?? 0)),
        sweepStart: sweepStart ?? '',
        scope: scope === null ? null : { ...scope, coverage: read },
      };
    },

    async end({ target, untilMs, sweepStart }, coverage, nextAtMs, nowMs) {
      await run('end-scan', endKeys, [
        targetId(target),
        untilMs,
        nextAtMs === null ? '' : Math.floor(nextAtMs),
        Math.floor(nowMs),
        coverage?.status ?? '',
        coverage?.attemptedAtMs ?? 0,
        coverage === null ? '' : JSON.stringify(coverage),
        sweepStart,
        statuses,
      ]);
    },
  };
}
