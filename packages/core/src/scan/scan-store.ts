import type { Redis } from 'ioredis';
import { COVERAGE_STATUSES, type Coverage } from '../organization/coverage.ts';
import { targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import { parseScope, type KnownAccount, type BegunReading } from '../organization/coverage-store.ts';
import { gatherCalls } from '../redis/gather-calls.ts';
import { parseStored, StoredCoverage } from '../enrollment/stored-schema.ts';
import type { RunScript } from '../redis/scripts.ts';

/** What a target's scan must know before it reads. */
export interface TargetScope extends Pick<KnownAccount, 'account' | 'regions'> {
  /** How the target was last read; null when it is not known. */
  readonly coverage: Coverage | null;
}

/**
 * A target at rest: all its records were as they are when its instances came to this digest, and nothing but another
 * digest, a write of records or the time can change that.
 */
export interface TargetRest {
  /** Of all that a scan sees of the target's instances. */
  readonly digest: string;
  /** When somebody must look closer, although nothing has changed. */
  readonly untilMs: number;
}

/** A scan under way, as `end` wants it back. */
export interface BegunScan extends BegunReading {
  readonly target: Target;
  /** Epoch ms until which the target was put off. */
  readonly untilMs: number;
  /** Null when the target's account is not known. */
  readonly scope: TargetScope | null;
  /** The word of the last write of the target's records; null when there was none. */
  readonly written: string | null;
  /** Null when the target is not at rest: it never was, or records were written since. */
  readonly rest: TargetRest | null;
}

/** The ledger's two ends of a scan, each in one round trip: an unchanged target costs little else. */
export interface ScanLedger {
  /** Puts the target off: nobody is told of it again before `untilMs`. */
  begin(target: Target, untilMs: number, nowMs: number): Promise<BegunScan>;
  /** Puts the target at rest. Means nothing when its records were written since the scan began. */
  putRest(begun: BegunScan, rest: TargetRest): Promise<void>;
  /**
   * Records the reading (null: there was none) and makes the target due again at `nextAtMs`, or never (null); what was
   * scheduled meanwhile is due now instead. A reading of a target that was forgotten meanwhile is dropped, and one that
   * began before the sweep that runs now does not count for it.
   */
  end(begun: BegunScan, coverage: Coverage | null, nextAtMs: number | null, nowMs: number): Promise<void>;
}

/** Scans in one round trip: Redis is busy with so many for about a tenth of a millisecond. */
const MOST_GATHERED = 16;

interface BeginCall {
  readonly target: Target;
  readonly untilMs: number;
}

/** What begin-scans.lua returns. */
type BeginReply = readonly [
  wantedSince: string | null,
  accounts: readonly (string | null)[],
  regions: readonly (string | null)[],
  coverages: readonly (string | null)[],
];

/** What the ledger knows of one target, as it is stored. */
interface Known {
  readonly wantedSince: string | null;
  readonly account: string | null;
  readonly regions: string | null;
  readonly coverage: string | null;
}

interface EndCall {
  readonly begun: BegunScan;
  readonly coverage: Coverage | null;
  readonly nextAtMs: number | null;
  readonly nowMs: number;
}

/** Beginning and end of a scan: see `ScanLedger`. */
export function createScanLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): ScanLedger {
  const { redis, keys, run } = deps;
  const beginKeys = [keys.due('scan'), keys.accounts, keys.accountRegions, keys.coverage, keys.sweep];
  const endKeys = [
    keys.due('scan'),
    keys.sweep,
    keys.coverage,
    ...COVERAGE_STATUSES.map((status) => keys.coverageStatus(status)),
  ];
  const statuses = COVERAGE_STATUSES.join(',');

  const begin = gatherCalls(MOST_GATHERED, async (calls: readonly BeginCall[]): Promise<readonly Known[]> => {
    const accountIds = [...new Set(calls.map(({ target }) => target.accountId))];
    const reply = await run('begin-scans', beginKeys, [
      accountIds.length,
      ...accountIds,
      ...calls.flatMap(({ target, untilMs }) => [targetId(target), untilMs]),
    ]);
    const [wantedSince, accounts, regions, coverages] = reply as BeginReply;
    return calls.map(({ target }, n): Known => {
      const account = accountIds.indexOf(target.accountId);
      return {
        wantedSince,
        account: accounts[account] ?? null,
        regions: regions[account] ?? null,
        coverage: coverages[n] ?? null,
      };
    });
  });

  const end = gatherCalls(MOST_GATHERED, async (calls: readonly EndCall[]): Promise<readonly undefined[]> => {
    await run('end-scans', endKeys, [
      statuses,
      ...calls.flatMap(({ begun: { target, untilMs, wantedSince }, coverage, nextAtMs, nowMs }) => [
        targetId(target),
        untilMs,
        nextAtMs === null ? '' : Math.floor(nextAtMs),
        Math.floor(nowMs),
        coverage?.status ?? '',
        coverage?.attemptedAtMs ?? 0,
        coverage === null ? '' : JSON.stringify(coverage),
        wantedSince,
      ]),
    ]);
    return calls.map(() => undefined);
  });

  return {
    async begin(target, untilMs, nowMs) {
      // Two commands that travel together: they speak of different slots of a cluster.
      const [known, [written = null, rest = null]] = await Promise.all([
        begin({ target, untilMs }),
        redis.hmget(keys.target(target).summary, 'written', 'rest'),
      ]);
      const { wantedSince } = known;
      const scope = parseScope(known.account, known.regions);
      const coverage = known.coverage === null ? null : parseStored(StoredCoverage, known.coverage);
      return {
        target,
        untilMs,
        begunAtMs: Math.max(nowMs, Number(wantedSince ?? 0)),
        wantedSince: wantedSince ?? '',
        scope: scope === null ? null : { ...scope, coverage },
        written,
        rest: readRest(written, rest),
      };
    },

    async putRest({ target, written }, { digest, untilMs: restsUntilMs }) {
      if (written === null) return;
      const text = `${written}|${digest}|${Math.floor(restsUntilMs)}`;
      await redis.hset(keys.target(target).summary, 'rest', text);
    },

    end: (begun, coverage, nextAtMs, nowMs) => end({ begun, coverage, nextAtMs, nowMs }),
  };
}

/** Null for a rest of other records than those of now. */
function readRest(written: string | null, text: string | null): TargetRest | null {
  const [of, digest, untilMs] = text?.split('|') ?? [];
  if (of === undefined || of !== written || digest === undefined) return null;
  return { digest, untilMs: Number(untilMs) || 0 };
}
