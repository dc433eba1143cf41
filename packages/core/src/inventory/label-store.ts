import type { Redis } from 'ioredis';
import { z } from 'zod';
import { encodeStored, parseStored, readEpochMs } from '../enrollment/stored-schema.ts';
import { isMacOf, macOf, type MacParts } from '../install/mac.ts';
import type { Sealer } from '../organization/account.ts';
import { InstanceId } from '../organization/ids.ts';
import { readTargetId, type Target, targetId } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { LabelChange, LabelSummary, WrittenLabels } from './node-labels.ts';

/** A change that waits, with its text as it is stored: a later change of the same instance has another. */
export interface WaitingChange {
  readonly target: Target;
  readonly change: LabelChange;
  readonly text: string;
}

/** Fields per HSET: a call holds Redis for well under a millisecond at this size. */
const CHUNK = 200;

const StoredChange: z.ZodType<LabelChange> = z.object({
  instanceId: InstanceId,
  digest: z.string(),
  labels: z.record(z.string(), z.string()),
  gone: z.boolean(),
  seal: z.string().optional(),
});

/**
 * Labels beside the records, one hash per target: what Teleport was last given, and what waits to be given. Losing any of
 * it costs a second writing of the same labels.
 */
export function createLabelLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  return {
    /** What the target's labels last came to; null when they were never compared, or not to an end. */
    async summary(target: Target): Promise<LabelSummary | null> {
      const text = await redis.hget(keys.target(target).summary, 'labels');
      return text === null ? null : readSummary(text);
    },

    /** Written last: as long as it holds, scans look no closer. */
    async setSummary(target: Target, { digest, refreshAtMs }: LabelSummary): Promise<void> {
      await redis.hset(keys.target(target).summary, 'labels', `${digest}|${Math.floor(refreshAtMs)}`);
    },

    /** What the target's instances were last given. */
    async written(target: Target): Promise<ReadonlyMap<InstanceId, WrittenLabels>> {
      const fields = await redis.hgetall(keys.target(target).labels);
      return new Map(
        Object.entries(fields).flatMap(([id, text]): [InstanceId, WrittenLabels][] => {
          const instanceId = InstanceId.safeParse(id);
          if (!instanceId.success) return [];
          const bar = text.indexOf('|');
          const expiresAtMs = readEpochMs(text.slice(bar + 1));
          return [[instanceId.data, { digest: text.slice(0, bar), expiresAtMs }]];
        }),
      );
    },

    /** Makes changes wait; the same instance's earlier change is replaced. */
    async queue(target: Target, changes: readonly LabelChange[]): Promise<void> {
      const { labelChanges } = keys.target(target);
      for (let i = 0; i < changes.length; i += CHUNK) {
        const chunk = changes.slice(i, i + CHUNK);
        const fields = Object.fromEntries(chunk.map((change) => [change.instanceId, encodeStored(change)]));
        const added = await redis.hset(labelChanges, fields);
        await redis.incrby(keys.labelsWaiting, added);
      }
      // Last: a target in the set without changes is harmless, the other way round no worker would look at them.
      if (changes.length > 0) await redis.sadd(keys.labelTargets, targetId(target));
    },

    /** About how many changes wait, over all targets. */
    waiting: async (): Promise<number> => Number((await redis.get(keys.labelsWaiting)) ?? 0),

    /** Up to `limit` changes of any targets, in no order, so that one that cannot be written holds up no other for good. */
    async take(limit: number): Promise<readonly WaitingChange[]> {
      const taken: WaitingChange[] = [];
      const ids = await redis.srandmember(keys.labelTargets, limit);
      for (const id of ids) {
        const target = readTargetId(id);
        if (target === null) continue;
        const room = limit - taken.length;
        if (room <= 0) break;
        const flat = (await redis.hrandfield(
          keys.target(target).labelChanges,
          room,
          'WITHVALUES',
        )) as string[];
        for (let i = 0; i + 1 < flat.length; i += 2) {
          const text = flat[i + 1] ?? '';
          const change = parseStored(StoredChange, text);
          // Under another instance's id it could never be written.
          if (change === null || change.instanceId !== flat[i]) {
            await redis.hdel(keys.target(target).labelChanges, flat[i] ?? '');
          } else taken.push({ target, change, text });
        }
        if (flat.length === 0) await leave(target);
      }
      if (ids.length === 0) await redis.del(keys.labelsWaiting);
      return taken;
    },

    /** Drops changes that are not to be written, and what was last given: the next scan compares anew. */
    async leaveOut(waiting: readonly WaitingChange[]): Promise<void> {
      await endWaiting(waiting.map((one) => ({ waiting: one, written: '' })));
      for (const { target } of waiting) await redis.hdel(keys.target(target).summary, 'labels', 'rest');
    },

    /** Teleport has these until `expiresAtMs`; a change that was replaced meanwhile goes on waiting. */
    async noteWritten(
      written: readonly { readonly waiting: WaitingChange; readonly expiresAtMs: number }[],
    ): Promise<void> {
      await endWaiting(
        written.map(({ waiting, expiresAtMs }) => ({
          waiting,
          written: waiting.change.gone ? '' : `${waiting.change.digest}|${Math.floor(expiresAtMs)}`,
        })),
      );
    },
  };

  /** @param ended what is to be known of the labels that were last given; empty for nothing */
  async function endWaiting(
    ended: readonly { readonly waiting: WaitingChange; readonly written: string }[],
  ): Promise<void> {
    const byTarget = Map.groupBy(ended, ({ waiting }) => targetId(waiting.target));
    for (const list of byTarget.values()) {
      const [first] = list;
      if (first === undefined) continue;
      const names = keys.target(first.waiting.target);
      const count = await run(
        'end-labels',
        [names.labelChanges, names.labels],
        list.flatMap(({ waiting: { change, text }, written }) => [change.instanceId, text, written]),
      );
      await redis.decrby(keys.labelsWaiting, Number(count));
      if ((await redis.hlen(names.labelChanges)) === 0) await leave(first.waiting.target);
    }
  }

  /** Takes a target without changes out of the set; what came in at that very moment puts it back. */
  async function leave(target: Target): Promise<void> {
    await redis.srem(keys.labelTargets, targetId(target));
    if ((await redis.hlen(keys.target(target).labelChanges)) > 0) {
      await redis.sadd(keys.labelTargets, targetId(target));
    }
  }
}

/** Labels that nodes were given, and that they are to be given. */
export type LabelLedger = ReturnType<typeof createLabelLedger>;

function readSummary(text: string): LabelSummary | null {
  const bar = text.indexOf('|');
  const refreshAtMs = Number(text.slice(bar + 1));
  return bar === -1 || Number.isNaN(refreshAtMs) ? null : { digest: text.slice(0, bar), refreshAtMs };
}

/**
 * Seals labels that wait to be written: they decide who may enter a node, and lie in Redis between the scan that made them
 * and the write. Unchanged without a key.
 */
export function sealLabels({ keys, installation }: Sealer, target: Target, change: LabelChange): LabelChange {
  if (keys.length === 0) return change;
  return { ...change, seal: macOf(keys, 'record', partsOf(installation, target, change)) };
}

/** Whether a worker with one of the keys made these labels for this instance; always without a key. */
export function areLabelsSealed(
  { keys, installation }: Sealer,
  target: Target,
  change: LabelChange,
): boolean {
  if (keys.length === 0) return true;
  return isMacOf(keys, 'record', partsOf(installation, target, change), change.seal ?? '');
}

function partsOf(installation: string, target: Target, change: LabelChange): MacParts {
  const { instanceId, digest, labels, gone } = change;
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    'labels',
    installation,
    target.accountId,
    target.region,
    instanceId,
    digest,
    JSON.stringify(sorted),
    String(gone),
  ];
}
