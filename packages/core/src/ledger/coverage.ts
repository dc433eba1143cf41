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
import { parseStored, StoredAccount, StoredCoverage } from './schema.ts';
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
  return `${accountId}.*`;
}

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
      return [member, coverage.status, coverage.attemptedAtMs, JSON.stringify(coverage)];
    });
    await run('set-coverage', scriptKeys, [COVERAGE_STATUSES.join(','), ...args]);
  }

  async function readAccount(accountId: AccountId): Promise<KnownAccount | null> {
    const text = await redis.hget(keys.accounts, accountId);
    return text === null ? null : parseStored(StoredAccount, text);
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
      await redis
        .multi()
        .del(keys.sweep)
        .hset(keys.sweep, { id: sweepId, startedAtMs: nowMs })
        .exec();
    },

    async endAccountListing(nowMs, error) {
      await redis.hset(keys.sweep, { accountsListedAtMs: nowMs, accountsError: error ?? '' });
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
      let finishedAtMs = fields['finishedAtMs'] === undefined ? null : Number(fields['finishedAtMs']);
      if (finishedAtMs === null && listed && unresolved === 0 && targets.pending === 0) {
        finishedAtMs = nowMs;
        await redis.hsetnx(keys.sweep, 'finishedAtMs', nowMs);
      }
      return {
        id: fields['id'],
        startedAtMs,
        finishedAtMs,
        verdict: finishedAtMs === null ? null : sweepVerdict(targets, fields['accountsError'] === ''),
        accounts: { total, denied },
        targets,
      };
    },

    async putAccounts(accounts) {
      if (accounts.length === 0) return;
      const known = await redis.hmget(keys.accounts, ...accounts.map((account) => account.accountId));
      const pipeline = redis.multi();
      for (const [index, account] of accounts.entries()) {
        const text = known[index];
        const before = text === null || text === undefined ? null : parseStored(StoredAccount, text);
        const next: KnownAccount = {
          account,
          regions: before?.regions ?? null,
          resolvedAtMs: before?.resolvedAtMs ?? null,
        };
        pipeline.hset(keys.accounts, account.accountId, JSON.stringify(next));
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
      await redis.hset(keys.accounts, accountId, JSON.stringify({ ...before, regions, resolvedAtMs: nowMs }));
      await redis.zadd(keys.accountsResolved, nowMs, accountId);
      return dropped;
    },

    async denyAccount(accountId, coverage) {
      const before = await readAccount(accountId);
      // Its targets are unread from now on; one line stands for them all, and their records stay as they were.
      await set([
        ...(before?.regions ?? []).map((region): Entry => [targetId({ accountId, region }), 'forget']),
        [accountMember(accountId), coverage],
      ]);
      await redis.zadd(keys.accountsResolved, coverage.attemptedAtMs, accountId);
    },

    async removeAccount(accountId) {
      const before = await readAccount(accountId);
      const targets = (before?.regions ?? []).map((region): Target => ({ accountId, region }));
      await set([
        [accountMember(accountId), 'forget'],
        ...targets.map((target): Entry => [targetId(target), 'forget']),
      ]);
      await redis.multi().hdel(keys.accounts, accountId).zrem(keys.accountsResolved, accountId).exec();
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
  return members.filter((member) => member.endsWith('.*')).length;
}

/** Whether a coverage id stands for a whole account; its target otherwise. */
export function parseCoverageId(id: string): { readonly accountId: AccountId; readonly target: Target | null } {
  if (id.endsWith('.*')) return { accountId: AccountId.parse(id.slice(0, -2)), target: null };
  const target = parseTargetId(id);
  return { accountId: target.accountId, target };
}
