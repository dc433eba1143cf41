import type { createRedis } from '@muster/core/redis/connection';
import type { createKeys } from '@muster/core/redis/keys';

/** The hand that has a Redis client, knows every key by heart, and has no other key of ours. */
export interface Forger {
  readonly redis: ReturnType<typeof createRedis>;
  readonly keys: ReturnType<typeof createKeys>;
}

/** A target as a forger writes it: any text. */
interface ForgedTarget {
  readonly accountId: string;
  readonly region: string;
}

/**
 * Writes an instance into a target as one that waits for an install, in every index, makes its install due and releases the
 * hold: what a genuine scan, and an operator, would leave behind.
 *
 * @param facts over those of an instance that was first seen an hour ago
 */
export async function forgeCandidate(
  { redis, keys }: Forger,
  target: ForgedTarget,
  instanceId: string,
  matcherKey: string,
  nowMs: number,
  facts: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const names = keys.target(target as Parameters<typeof keys.target>[0]);
  const id = `${target.accountId}.${target.region}`;
  const readyAtMs = nowMs - 1;
  const record = {
    state: 'queued',
    instanceId,
    matcherKey,
    firstSeenAtMs: nowMs - 3_600_000,
    changedAtMs: nowMs - 3_600_000,
    launchedAtMs: nowMs - 7_200_000,
    joinedAtMs: null,
    failures: 0,
    attemptCount: 0,
    attempts: [],
    readyAtMs,
    ...facts,
  };
  await redis
    .multi()
    .hset(names.instances, instanceId, `4711|queued||${readyAtMs}||${JSON.stringify(record)}`)
    .hincrby(names.counts, 's:queued', 1)
    .zadd(names.candidates, readyAtMs, instanceId)
    .sadd(keys.populated, id)
    .zadd(keys.due('install'), 1, id)
    .set(keys.hold, 'released')
    .exec();
}

/** Changes what the ledger says of an account. `changes` over the facts that stand there; the seal stays as it was, unless it is changed too. */
export async function forgeAccount(
  { redis, keys }: Forger,
  accountId: string,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const before = await redis.hget(keys.accounts, accountId);
  const facts =
    before === null ? { accountId, name: '', state: 'ACTIVE', ancestorIds: [] } : JSON.parse(before);
  await redis.hset(keys.accounts, accountId, JSON.stringify({ ...facts, ...changes }));
}

/** Says which regions of an account are in scope. */
export async function forgeRegions(
  { redis, keys }: Forger,
  accountId: string,
  regions: readonly string[],
): Promise<void> {
  await redis.hset(keys.accountRegions, accountId, JSON.stringify(regions));
}

const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** A batch's id as one made at that time would begin. */
export function batchIdAt(nowMs: number): string {
  let time = '';
  for (let left = nowMs, at = 0; at < 10; at += 1) {
    time = `${DIGITS[left % 32] ?? ''}${time}`;
    left = Math.floor(left / 32);
  }
  return time.padEnd(26, '0');
}

/** Writes a batch into a target as one whose command, or answer, is waited for, and makes it due. */
export async function forgeBatch(
  { redis, keys }: Forger,
  target: ForgedTarget,
  batch: {
    readonly batchId: string;
    readonly instanceIds: readonly string[];
    readonly matcherKey: string;
    readonly commandId: string | null;
    readonly nowMs: number;
  },
): Promise<void> {
  const { batchId, instanceIds, matcherKey, commandId, nowMs } = batch;
  const command = commandId === null ? null : { commandId, expiresAtMs: nowMs + 3_600_000 };
  const intent = {
    batchId,
    matcherKey,
    documentName: 'AWS-RunShellScript',
    instanceIds,
    intentAtMs: nowMs - 60_000,
    notAfterMs: nowMs - 50_000,
    epoch: 'another',
    command,
    polls: 0,
  };
  const names = keys.target(target as Parameters<typeof keys.target>[0]);
  await redis
    .multi()
    .hset(names.intents, batchId, `1|${JSON.stringify(intent)}`)
    .zadd(keys.due('collect'), 1, `${target.accountId}.${target.region}/${batchId}`)
    .exec();
}

/** Makes labels wait to be written for an instance, in a target with an inventory of labels or without. */
export async function forgeLabels(
  { redis, keys }: Forger,
  target: ForgedTarget,
  instanceId: string,
  labels: Readonly<Record<string, string>>,
  seal?: string,
): Promise<void> {
  const id = `${target.accountId}.${target.region}`;
  const change = {
    instanceId,
    digest: 'forged',
    labels,
    gone: false,
    ...(seal === undefined ? {} : { seal }),
  };
  await redis
    .multi()
    .hset(
      keys.target(target as Parameters<typeof keys.target>[0]).labelChanges,
      instanceId,
      JSON.stringify(change),
    )
    .sadd(keys.labelTargets, id)
    .zadd(keys.due('labels'), 1, 'organization')
    .exec();
}
