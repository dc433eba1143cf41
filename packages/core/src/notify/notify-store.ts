// oxlint-disable-next-line no-restricted-imports -- a word that no two writes share
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';
import { notifyMember } from '../jobs/catalog.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { NotifyDecision, NotifyState } from './decide.ts';
import {
  type ChannelQueue,
  type NotifyBatch,
  StoredBatch,
  StoredQueue,
  StoredTold,
  type Told,
} from './told.ts';

/** A message that was given up stays readable for a retry by hand. */
const BATCH_SECONDS = 3 * 86_400;

/** What channels were told, and the messages under way. */
export function createNotifyLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  return {
    /** What was told. What cannot be read was not told: it is told once more. */
    async read(): Promise<NotifyState> {
      const [fields, due] = await Promise.all([
        redis.hgetall(keys.notify),
        redis.zrange(keys.due('notify'), '0', '-1'),
      ]);
      const told = new Map<string, Told>();
      const queues = new Map<string, ChannelQueue>();
      for (const [field, text] of Object.entries(fields)) {
        const name = field.slice(2);
        const item = field.startsWith('i:') ? parseStored(StoredTold, text) : null;
        if (item !== null) told.set(name, item);
        const queue = field.startsWith('c:') ? parseStored(StoredQueue, text) : null;
        if (queue !== null) queues.set(name, queue);
      }
      const busy = new Set(due.map((member) => member.slice(0, member.indexOf('/'))));
      return { version: fields['version'] ?? null, told, queues, busy };
    },

    /**
     * Writes a decision, and makes its messages due.
     *
     * @returns false when another scheduler has decided since the state was read: then nothing of it is done
     */
    async write({ version }: NotifyState, decision: NotifyDecision): Promise<boolean> {
      const fields = [
        ...[...decision.told].map(([id, told]) => [`i:${id}`, told] as const),
        ...[...decision.queues].map(([name, queue]) => [`c:${name}`, queue] as const),
      ];
      if (fields.length === 0) return true;
      const written = await run(
        'tell-changes',
        [keys.notify, keys.due('notify'), ...decision.batches.map(({ id }) => keys.notifyBatch(id))],
        [
          version ?? '',
          randomBytes(8).toString('hex'),
          fields.length,
          ...fields.flatMap(([field, value]) => [field, value === null ? '' : encodeStored(value)]),
          ...decision.batches.flatMap((batch) => [
            notifyMember(batch.channel, batch.id),
            encodeStored(batch),
            BATCH_SECONDS,
          ]),
        ],
      );
      return written === 1;
    },

    /** A message; null when it is gone, or is none. */
    async batch(id: string): Promise<NotifyBatch | null> {
      const text = await redis.hget(keys.notifyBatch(id), 'json');
      return text === null ? null : parseStored(StoredBatch, text);
    },

    /** Counts an attempt at a message. @returns 1 for the first */
    beginAttempt: (id: string): Promise<number> => redis.hincrby(keys.notifyBatch(id), 'attempts', 1),
  };
}

export type NotifyLedger = ReturnType<typeof createNotifyLedger>;
