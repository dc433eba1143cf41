import DataLoader from 'dataloader';
import type { Redis } from 'ioredis';
import { encodeStored, parseStored, StoredCoverage } from '../enrollment/stored-schema.ts';
import type { BegunWork } from '../jobs/due-store.ts';
import { type KnownAccount, parseScope } from '../organization/coverage-store.ts';
import { type Coverage, COVERAGE_STATUSES } from '../organization/coverage.ts';
import { type Target, targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
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
  /** When a scan must read the records again, although nothing has changed. */
  readonly untilMs: number;
}

/** A scan under way, as `end` wants it back. */
export interface BegunScan extends BegunWork {
  readonly target: Target;
  /** The date of the reading (epoch ms): not before the start of a sweep or request, see date-reading.lua. */
  readonly readingMs: number;
  /** Null when the target's account is not known. */
  readonly scope: TargetScope | null;
  /** See `InventoryFacts`: another value says that vanished nodes may not have been told to the records. Null when there is none. */
  readonly comparedSince: string | null;
  /** The sweep under way, or the last one; null when there was none. */
  readonly sweepId: string | null;
  /** The word of the last write of the target's records; null when there was none. */
  readonly written: string | null;
  /** Null when the target is not at rest: it never was, or records were written since. */
  readonly rest: TargetRest | null;
}

/** Scans in one round trip: Redis is busy with so many for about a tenth of a millisecond. */
const MOST_GATHERED = 16;

interface BeginCall {
  readonly target: Target;
  readonly leaseMs: number;
}

/** What begin-scans.lua returns. */
type BeginReply = readonly [
  now: number,
  reading: number,
  accounts: readonly (string | null)[],
  regions: readonly (string | null)[],
  coverages: readonly (string | null)[],
  comparedSince: string | null,
  sweepId: string | null,
];

/** What the ledger knows of one target, as it is stored, and when the scan began. */
interface Known {
  readonly begunAtMs: number;
  readonly readingMs: number;
  readonly account: string | null;
  readonly regions: string | null;
  readonly coverage: string | null;
  readonly comparedSince: string | null;
  readonly sweepId: string | null;
}

interface EndCall {
  readonly begun: BegunScan;
  readonly coverage: Coverage | null;
  readonly nextInMs: number | null;
}

/** The ledger's two ends of a scan, each in one round trip: an unchanged target costs little else. */
export type ScanLedger = ReturnType<typeof createScanLedger>;

export function createScanLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  const beginKeys = [
    keys.due('scan'),
    keys.accounts,
    keys.accountRegions,
    keys.coverage,
    keys.sweep,
    keys.inventory,
  ];
  const endKeys = [
    keys.due('scan'),
    keys.coverage,
    ...COVERAGE_STATUSES.map((status) => keys.coverageStatus(status)),
    keys.placeChanges,
  ];
  const statuses = COVERAGE_STATUSES.join(',');

  const begin = gatherCalls(MOST_GATHERED, async (calls: readonly BeginCall[]): Promise<readonly Known[]> => {
    const accountIds = [...new Set(calls.map(({ target }) => target.accountId))];
    const reply = await run('begin-scans', beginKeys, [
      accountIds.length,
      ...accountIds,
      ...calls.flatMap(({ target, leaseMs }) => [targetId(target), Math.floor(leaseMs)]),
    ]);
    const [begunAtMs, readingMs, accounts, regions, coverages, comparedSince, sweepId] = reply as BeginReply;
    return calls.map(({ target }, n): Known => {
      const account = accountIds.indexOf(target.accountId);
      return {
        begunAtMs,
        readingMs,
        account: accounts[account] ?? null,
        regions: regions[account] ?? null,
        coverage: coverages[n] ?? null,
        comparedSince: comparedSince ?? null,
        sweepId: sweepId ?? null,
      };
    });
  });

  const end = gatherCalls(MOST_GATHERED, async (calls: readonly EndCall[]): Promise<readonly undefined[]> => {
    await run('end-scans', endKeys, [
      statuses,
      ...calls.flatMap(({ begun: { target, leaseEndMs }, coverage, nextInMs }) => [
        targetId(target),
        leaseEndMs,
        nextInMs === null ? '' : Math.floor(nextInMs),
        coverage?.status ?? '',
        coverage?.attemptedAtMs ?? 0,
        coverage === null ? '' : encodeStored(coverage),
      ]),
    ]);
    return calls.map(() => undefined);
  });

  return {
    /** Begins a scan: the target is not handed out again before the lease ends. */
    async begin(target: Target, leaseMs: number): Promise<BegunScan> {
      // Two commands that travel together.
      const [known, [written = null, rest = null]] = await Promise.all([
        begin({ target, leaseMs }),
        redis.hmget(keys.target(target).summary, 'written', 'rest'),
      ]);
      const { begunAtMs, readingMs, comparedSince, sweepId } = known;
      const scope = parseScope(known.account, known.regions);
      const coverage = known.coverage === null ? null : parseStored(StoredCoverage, known.coverage);
      return {
        target,
        begunAtMs,
        leaseEndMs: begunAtMs + Math.floor(leaseMs),
        readingMs,
        scope: scope === null ? null : { ...scope, coverage },
        comparedSince,
        sweepId,
        written,
        rest: readRest(written, rest),
      };
    },

    /** Puts the target at rest. Means nothing when its records were written since the scan began. */
    async putRest({ target, written }: BegunScan, { digest, untilMs }: TargetRest): Promise<void> {
      if (written === null) return;
      const text = `${written}|${digest}|${Math.floor(untilMs)}`;
      await redis.hset(keys.target(target).summary, 'rest', text);
    },

    /**
     * Records the reading (null: there was none) and makes the target due again in `nextInMs`, or never (null); what was
     * scheduled meanwhile is due now instead. A reading of a target that was forgotten meanwhile is dropped.
     */
    end(begun: BegunScan, coverage: Coverage | null, nextInMs: number | null): Promise<undefined> {
      return end({ begun, coverage, nextInMs });
    },
  };
}

/** Null for a rest of other records than those of now. */
function readRest(written: string | null, text: string | null): TargetRest | null {
  const [of, digest, untilMs] = text?.split('|') ?? [];
  if (of === undefined || of !== written || digest === undefined) return null;
  return { digest, untilMs: Number(untilMs) || 0 };
}

/**
 * Gathers calls that are made in one turn of the event loop into few round trips: at most `most` in one. An answer per
 * call, in their order; when the round trip fails, each of its calls fails with that error.
 */
function gatherCalls<Call, Answer>(
  most: number,
  ask: (calls: readonly Call[]) => Promise<readonly Answer[]>,
): (call: Call) => Promise<Answer> {
  const loader = new DataLoader<Call, Answer>(ask, { cache: false, maxBatchSize: most });
  return (call) => loader.load(call);
}
