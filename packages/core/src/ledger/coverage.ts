import type { Redis } from 'ioredis';
import {
  COVERAGE_STATUSES,
  sweepVerdict,
  type Coverage,
  type CoverageStatus,
  type TargetCounts,
} from '../domain/coverage.ts';
import { AccountId } from '../domain/ids.ts';
import { parseTargetId, targetId, type Target } from '../domain/target.ts';
import type { CoverageLedger, KnownAccount, SweepView } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import { parseStored, StoredAccount, StoredCoverage, StoredRegions } from './schema.ts';
import type { RunScript } from './scripts.ts';

const PENDING: Coverage = {
  status: 'pending',
  attemptedAtMs: 0,
  completeAtMs: null,
  cause: null,
  detail: '',
  failures: 0,
};

/** The member that stands for an account that cannot be entered: it counts as one target under `denied`. */
function accountMember(accountId: AccountId): string {
  return `${accountId}${WHOLE_ACCOUNT}`;
}

const WHOLE_ACCOUNT = '.*';

export function createCoverageLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): CoverageLedger {
  const { redis, keys, run } = deps;
  const scriptKeys = [keys.coverage, ...COVERAGE_STATUSES.map((status) => keys.coverageStatus(status))];

  type Entry = readonly [member: string, coverage: Coverage | 'known' | 'forget'];
  async function set(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    const args = entries.flatMap(([member, coverage]) => {
      if (coverage === 'forget') return [member, '', 0, ''];
      if (coverage === 'known') return [member, '?', 0, JSON.stringify(PENDING)];
      // A reading that ends after its target was forgotten must not bring the target back.
      const status = member.endsWith(WHOLE_ACCOUNT) ? `+${coverage.status}` : coverage.status;
      return [member, status, coverage.attemptedAtMs, JSON.stringify(coverage)];
    });
    await run('set-coverage', scriptKeys, [COVERAGE_STATUSES.join(','), ...args]);
  }

  async function readAccount(accountId: AccountId): Promise<KnownAccount | null> {
    const [text, regionsText, resolvedAt] = await Promise.all([
      redis.hget(keys.accounts, accountId),
      redis.hget(keys.accountRegions, accountId),
      redis.zscore(keys.accountsResolved, accountId),
    ]);
    const account = text === null ? null : parseStored(StoredAccount, text);
    if (account === null) return null;
    const regions = regionsText === null ? null : parseStored(StoredRegions, regionsText);
    const resolvedAtMs = Number(resolvedAt ?? 0);
    return { account, regions, resolvedAtMs: resolvedAtMs === 0 ? null : resolvedAtMs };
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
    async startSweep(sweepId, nowMs) {
      await redis.multi().del(keys.sweep).hset(keys.sweep, { id: sweepId, startedAtMs: nowMs }).exec();
    },

    async endAccountListing(nowMs, error, inactive) {
      await redis.hset(keys.sweep, { accountsListedAtMs: nowMs, accountsError: error ?? '', inactive });
    },

    async sweep(nowMs): Promise<SweepView | null> {
      const fields = await redis.hgetall(keys.sweep);
      if (fields['id'] === undefined) return null;
      const startedAtMs = Number(fields['startedAtMs']);
      const [targets, total, unresolved, denied] = await Promise.all([
        countTargets(startedAtMs),
        redis.hlen(keys.accounts),
        redis.zcount(keys.accountsResolved, '-inf', 0),
        countDeniedAccounts(redis, keys),
      ]);
      const listed = fields['accountsListedAtMs'] !== undefined;
      // The field carries the sweep's id: whoever finds a sweep finished while the next one starts must not finish that one.
      const finished = `finishedAtMs:${fields['id']}`;
      let finishedAtMs = fields[finished] === undefined ? null : Number(fields[finished]);
      if (finishedAtMs === null && listed && unresolved === 0 && targets.pending === 0) {
        finishedAtMs = nowMs;
        await redis.hsetnx(keys.sweep, finished, nowMs);
      }
      return {
        id: fields['id'],
        startedAtMs,
        finishedAtMs,
        verdict: finishedAtMs === null ? null : sweepVerdict(targets, fields['accountsError'] === ''),
        accounts: { total, denied, inactive: Number(fields['inactive'] ?? 0) },
        targets,
      };
    },

    async putAccounts(accounts) {
      if (accounts.length === 0) return;
      const pipeline = redis.multi();
      for (const account of accounts) {
        pipeline.hset(keys.accounts, account.accountId, JSON.stringify(account));
        pipeline.zadd(keys.accountsResolved, 'NX', 0, account.accountId);
      }
      await pipeline.exec();
    },

    account: readAccount,

    async accountIds() {
      return (await redis.hkeys(keys.accounts)) as AccountId[];
    },

    async putRegions(accountId, regions, nowMs) {
      const before = await readAccount(accountId);
      if (before === null) return [];
      const dropped = (before.regions ?? [])
        .filter((region) => !regions.includes(region))
        .map((region): Target => ({ accountId, region }));
      await set([
        [accountMember(accountId), 'forget'],
        ...dropped.map((target): Entry => [targetId(target), 'forget']),
        ...regions.map((region): Entry => [targetId({ accountId, region }), 'known']),
      ]);
      // `XX`: an account that was removed meanwhile stays removed.
      await redis
        .multi()
        .hset(keys.accountRegions, accountId, JSON.stringify(regions))
        .zadd(keys.accountsResolved, 'XX', nowMs, accountId)
        .exec();
      return dropped;
    },

    async denyAccount(accountId, coverage) {
      const before = await readAccount(accountId);
      if (before === null) return;
      // Its targets are unread from now on; one line stands for them all, and their records stay as they were.
      await set([
        ...(before.regions ?? []).map((region): Entry => [targetId({ accountId, region }), 'forget']),
        [accountMember(accountId), coverage],
      ]);
      await redis.zadd(keys.accountsResolved, 'XX', coverage.attemptedAtMs, accountId);
    },

    async removeAccount(accountId) {
      const before = await readAccount(accountId);
      const targets = (before?.regions ?? []).map((region): Target => ({ accountId, region }));
      await set([
        [accountMember(accountId), 'forget'],
        ...targets.map((target): Entry => [targetId(target), 'forget']),
      ]);
      await redis
        .multi()
        .hdel(keys.accounts, accountId)
        .hdel(keys.accountRegions, accountId)
        .zrem(keys.accountsResolved, accountId)
        .exec();
      return targets;
    },

    put: (target, coverage) => set([[targetId(target), coverage]]),

    async read(target) {
      const text = await redis.hget(keys.coverage, targetId(target));
      return text === null ? null : parseStored(StoredCoverage, text);
    },

    async all() {
      const fields = await redis.hgetall(keys.coverage);
      return Object.entries(fields).flatMap(([id, text]) => {
        const coverage = parseStored(StoredCoverage, text);
        return coverage === null ? [] : [{ id, coverage }];
      });
    },
  };
}

async function countDeniedAccounts(redis: Redis, keys: Keys): Promise<number> {
  const members = await redis.zrange(keys.coverageStatus('denied'), 0, '-1');
  return members.filter((member) => member.endsWith(WHOLE_ACCOUNT)).length;
}

/** Whether a coverage id stands for a whole account; its target otherwise. */
export function parseCoverageId(id: string): {
  readonly accountId: AccountId;
  readonly target: Target | null;
} {
  if (id.endsWith(WHOLE_ACCOUNT)) return { accountId: AccountId.parse(id.slice(0, -2)), target: null };
  const target = parseTargetId(id);
  return { accountId: target.accountId, target };
}
