import type { Redis } from 'ioredis';
import { COVERAGE_STATUSES, type Coverage, type TargetCounts } from './coverage.ts';
import { AccountId, type Region } from './ids.ts';
import { readTargetId, targetId, type Target } from './target.ts';
import { tellPlaces } from './place-change-store.ts';
import type { UnreadTarget } from './unread-findings.ts';
import type { Keys } from '../redis/keys.ts';
import {
  encodeStored,
  parseStored,
  rememberParsed,
  StoredAccount,
  StoredCoverage,
  StoredRegions,
} from '../enrollment/stored-schema.ts';
import type { RunScript } from '../redis/scripts.ts';
import { createSweepLedger, type EndedSweep, WHOLE_ACCOUNT, type SweepView } from './sweep-store.ts';
import type { Account } from './account.ts';

/** An account as the ledger knows it. */
export interface KnownAccount {
  readonly account: Account;
  /** Regions in scope, once they are resolved; null before. */
  readonly regions: readonly Region[] | null;
  /** When they were last asked for, also when the account was denied then; null when never. */
  readonly resolvedAtMs: number | null;
}

/** Accounts, targets and how they were read. */
export interface CoverageLedger {
  /** Starts a view: everything whose reading begins from now on counts. @returns since when, as readings are dated (epoch ms) */
  startSweep(sweepId: string): Promise<number>;
  /** The same without a new view, for an operator who waits for a part. */
  requestReadings(): Promise<number>;
  /** Begins to read something other than a target. @returns its date (epoch ms): not before the start of a sweep or request */
  beginReading(): Promise<number>;
  /** The account list of a sweep is complete (`error` null) or failed. Says nothing of a sweep that started meanwhile. */
  endAccountListing(sweepId: string, nowMs: number, error: string | null, inactive: number): Promise<void>;
  /** How targets were read whose reading began at this date or later, and how many accounts were not asked for their regions since. */
  readSince(sinceMs: number): Promise<{ readonly targets: TargetCounts; readonly accountsLeft: number }>;
  /** Null before the first sweep. Marks the sweep finished when it sees that everything was read. */
  sweep(nowMs: number): Promise<SweepView | null>;
  /** Sweeps that have ended, the newest first, 50 at most. One that another one took the place of never ended. */
  endedSweeps(): Promise<readonly EndedSweep[]>;
  putAccounts(accounts: readonly Account[]): Promise<void>;
  account(accountId: AccountId): Promise<KnownAccount | null>;
  accountIds(): Promise<readonly AccountId[]>;
  /** Regions in scope of at least one account. */
  regions(): Promise<readonly Region[]>;
  /**
   * Sets the regions in scope and makes the targets known; drops targets of regions no longer in scope, which are returned.
   *
   * @param begunAtMs see `beginReading`
   */
  putRegions(accountId: AccountId, regions: readonly Region[], begunAtMs: number): Promise<readonly Target[]>;
  /** The account cannot be entered: one target `account/*` stands for it. */
  denyAccount(accountId: AccountId, coverage: Coverage): Promise<void>;
  /** What stands for an account that could not be entered; null when it could. */
  readDenied(accountId: AccountId): Promise<Coverage | null>;
  removeAccount(accountId: AccountId): Promise<readonly Target[]>;
  /** Corrects what is known of a target outside of a scan. Nothing happens when the target is known no more. */
  put(target: Target, coverage: Coverage): Promise<void>;
  read(target: Target): Promise<Coverage | null>;
  /**
   * Of the last readings, those that did not come to their end: not regions that are off, and not what was never read, unless
   * that is asked for.
   */
  unread(asked?: { readonly withPending: boolean }): Promise<readonly UnreadTarget[]>;
  /** All accounts with their regions. Its cost grows with the organization: about 20 ms of Redis for 17,000 accounts. */
  accounts(): Promise<readonly Pick<KnownAccount, 'account' | 'regions'>[]>;
  /** Drops what lies under names that are no target's and no account's, which nothing of ours writes. @returns those names */
  dropForeign(): Promise<readonly string[]>;
  /** The same as `all` of some ids; one that is not known is left out. */
  some(ids: readonly string[]): Promise<readonly { readonly id: string; readonly coverage: Coverage }[]>;
  /** Everything, for `muster coverage`. The id is a target's, or `ACCOUNT.*`. */
  all(): Promise<readonly { readonly id: string; readonly coverage: Coverage }[]>;
}

const PENDING: Coverage = {
  status: 'pending',
  attemptedAtMs: null,
  completeAtMs: null,
  cause: null,
  detail: '',
  failures: 0,
};

/** The member that stands for an account that cannot be entered: it counts as one target under `denied`. */
function accountMember(accountId: AccountId): string {
  return `${accountId}${WHOLE_ACCOUNT}`;
}

export function createCoverageLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): CoverageLedger {
  const { redis, keys, run } = deps;
  const scriptKeys = [
    keys.coverage,
    ...COVERAGE_STATUSES.map((status) => keys.coverageStatus(status)),
    keys.placeChanges,
  ];

  type Entry = readonly [member: string, coverage: Coverage | 'known' | 'drop'];
  async function set(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const args = entries.flatMap(([member, coverage]) => {
      if (coverage === 'drop') return [member, '', 0, ''];
      if (coverage === 'known') return [member, '?', 0, encodeStored(PENDING)];
      // A reading that ends after its target was forgotten must not bring the target back.
      const status = member.endsWith(WHOLE_ACCOUNT) ? `+${coverage.status}` : coverage.status;
      return [member, status, coverage.attemptedAtMs ?? 0, encodeStored(coverage)];
    });
    await run('set-coverage', scriptKeys, [COVERAGE_STATUSES.join(','), ...args]);
  }

  async function readAccount(accountId: AccountId): Promise<KnownAccount | null> {
    const [text, regionsText, resolvedAt] = await Promise.all([
      redis.hget(keys.accounts, accountId),
      redis.hget(keys.accountRegions, accountId),
      redis.zscore(keys.accountsResolved, accountId),
    ]);
    const scope = parseScope(text, regionsText);
    const resolvedAtMs = Number(resolvedAt ?? 0);
    return scope === null ? null : { ...scope, resolvedAtMs: resolvedAtMs === 0 ? null : resolvedAtMs };
  }

  async function readCoverage(target: Target): Promise<Coverage | null> {
    const text = await redis.hget(keys.coverage, targetId(target));
    return text === null ? null : parseStored(StoredCoverage, text);
  }

  /** When an account's targets were last read whole; null when never. Once it is denied, its own line keeps that. */
  async function lastComplete(accountId: AccountId, regions: readonly Region[]): Promise<number | null> {
    const members = [accountMember(accountId), ...regions.map((region) => targetId({ accountId, region }))];
    const texts = await redis.hmget(keys.coverage, ...members);
    const times = texts.map((text) => parseStored(StoredCoverage, text ?? '')?.completeAtMs ?? null);
    return times.reduce((last, one) => (last === null || (one !== null && one > last) ? one : last), null);
  }

  return {
    ...createSweepLedger({ redis, keys, run }),

    async putAccounts(accounts) {
      if (accounts.length === 0) return;
      const pipeline = redis.multi();
      for (const account of accounts) {
        pipeline.hset(keys.accounts, account.accountId, encodeStored(account));
        pipeline.zadd(keys.accountsResolved, 'NX', 0, account.accountId);
      }
      await tellPlaces(
        pipeline,
        keys,
        accounts.map(({ accountId }) => accountId),
      ).exec();
    },

    account: readAccount,

    async accountIds() {
      const ids = await redis.hkeys(keys.accounts);
      return ids.flatMap((id) => AccountId.safeParse(id).data ?? []);
    },

    async regions() {
      const texts = new Set(await redis.hvals(keys.accountRegions));
      return [...new Set([...texts].flatMap((text) => parseRegions(text) ?? []))].toSorted();
    },

    async putRegions(accountId, regions, begunAtMs) {
      const before = await readAccount(accountId);
      if (before === null) return [];
      const dropped = (before.regions ?? [])
        .filter((region) => !regions.includes(region))
        .map((region): Target => ({ accountId, region }));
      await set([
        [accountMember(accountId), 'drop'],
        ...dropped.map((target): Entry => [targetId(target), 'drop']),
        ...regions.map((region): Entry => [targetId({ accountId, region }), 'known']),
      ]);
      // `XX`: an account that was removed meanwhile stays removed.
      const writing = redis
        .multi()
        .hset(keys.accountRegions, accountId, JSON.stringify(regions))
        .zadd(keys.accountsResolved, 'XX', begunAtMs, accountId);
      await tellPlaces(writing, keys, [accountId]).exec();
      return dropped;
    },

    async denyAccount(accountId, coverage) {
      const before = await readAccount(accountId);
      if (before === null) return;
      const completeAtMs = coverage.completeAtMs ?? (await lastComplete(accountId, before.regions ?? []));
      // Its targets are unread from now on; one line stands for them all, and their records stay as they were.
      await set([
        ...(before.regions ?? []).map((region): Entry => [targetId({ accountId, region }), 'drop']),
        [accountMember(accountId), { ...coverage, completeAtMs }],
      ]);
      await redis.zadd(keys.accountsResolved, 'XX', coverage.attemptedAtMs ?? 0, accountId);
    },

    async readDenied(accountId) {
      const text = await redis.hget(keys.coverage, accountMember(accountId));
      return text === null ? null : parseStored(StoredCoverage, text);
    },

    async removeAccount(accountId) {
      const before = await readAccount(accountId);
      const targets = (before?.regions ?? []).map((region): Target => ({ accountId, region }));
      await set([
        [accountMember(accountId), 'drop'],
        ...targets.map((target): Entry => [targetId(target), 'drop']),
      ]);
      const removal = redis
        .multi()
        .hdel(keys.accounts, accountId)
        .hdel(keys.accountRegions, accountId)
        .zrem(keys.accountsResolved, accountId);
      await tellPlaces(removal, keys, [accountId]).exec();
      return targets;
    },

    put: (target, coverage) => set([[targetId(target), coverage]]),

    read: readCoverage,

    unread: (asked) => readUnread(redis, keys, asked?.withPending ?? false),

    async accounts() {
      const [texts, regions] = await Promise.all([
        redis.hgetall(keys.accounts),
        redis.hgetall(keys.accountRegions),
      ]);
      return Object.entries(texts).flatMap(([id, text]) => parseScope(text, regions[id] ?? null) ?? []);
    },

    async some(ids) {
      if (ids.length === 0) return [];
      const texts = await redis.hmget(keys.coverage, ...ids);
      return ids.flatMap((id, index) => {
        const coverage = isCoverageId(id) ? parseStored(StoredCoverage, texts[index] ?? '') : null;
        return coverage === null ? [] : [{ id, coverage }];
      });
    },

    async all() {
      const fields = await redis.hgetall(keys.coverage);
      return Object.entries(fields).flatMap(([id, text]) => {
        const coverage = isCoverageId(id) ? parseStored(StoredCoverage, text) : null;
        return coverage === null ? [] : [{ id, coverage }];
      });
    },

    async dropForeign() {
      const ids = (await redis.hkeys(keys.coverage)).filter((id) => !isCoverageId(id));
      const accountIds = (await redis.hkeys(keys.accounts)).filter((id) => !AccountId.safeParse(id).success);
      await set(ids.map((id): Entry => [id, 'drop']));
      if (accountIds.length > 0) {
        await redis
          .multi()
          .hdel(keys.accounts, ...accountIds)
          .hdel(keys.accountRegions, ...accountIds)
          .zrem(keys.accountsResolved, ...accountIds)
          .exec();
      }
      return [...ids, ...accountIds];
    },
  };
}

const UNREAD_STATUSES = ['denied', 'partial', 'throttled', 'failed'] as const;
const UNREAD_CHUNK = 1_000;

async function readUnread(redis: Redis, keys: Keys, withPending: boolean): Promise<readonly UnreadTarget[]> {
  const statuses = withPending ? [...UNREAD_STATUSES, 'pending'] : UNREAD_STATUSES;
  const ids = await Promise.all(statuses.map((status) => redis.zrange(keys.coverageStatus(status), 0, '-1')));
  const unresolved = withPending ? await redis.zrangebyscore(keys.accountsResolved, '-inf', 0) : [];
  const members = ids.flat();
  const unread: UnreadTarget[] = unresolved.map((place) => ({ place, isAccount: true, coverage: PENDING }));
  for (let from = 0; from < members.length; from += UNREAD_CHUNK) {
    const chunk = members.slice(from, from + UNREAD_CHUNK);
    const texts = await redis.hmget(keys.coverage, ...chunk);
    for (const [index, id] of chunk.entries()) {
      const coverage = parseStored(StoredCoverage, texts[index] ?? '');
      if (coverage === null) continue;
      const isAccount = id.endsWith(WHOLE_ACCOUNT);
      unread.push({ place: isAccount ? id.slice(0, -WHOLE_ACCOUNT.length) : id, isAccount, coverage });
    }
  }
  return unread;
}

/** All targets of an account bring the same two texts, one after the other. */
const parseAccount = rememberParsed(StoredAccount);
const parseRegions = rememberParsed(StoredRegions);

/** An account and its regions from the two hashes that hold them; null when there is no such account. */
export function parseScope(
  text: string | null,
  regionsText: string | null,
): Pick<KnownAccount, 'account' | 'regions'> | null {
  const account = text === null ? null : parseAccount(text);
  if (account === null) return null;
  return { account, regions: regionsText === null ? null : parseRegions(regionsText) };
}

/** What a target's id, or a whole account's, is made of: only another client than Muster writes others. */
const COVERAGE_ID = /^\d{12}\.(\*|[a-z0-9-]+)$/;

function isCoverageId(id: string): boolean {
  return COVERAGE_ID.test(id);
}

/** What an id of `CoverageLedger.all` stands for: a target, or a whole account (null). Throws a ZodError for any other text. */
export function parseCoverageId(id: string): {
  readonly accountId: AccountId;
  readonly target: Target | null;
} {
  return { accountId: AccountId.parse(id.slice(0, id.indexOf('.'))), target: readTargetId(id) };
}
