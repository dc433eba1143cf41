import type { Redis } from 'ioredis';
import { targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { Versioned } from './enrollment-store.ts';
import { decodeRecord } from './record-codec.ts';
import type { StoredRecord } from './record.ts';

/** Records of one round trip: parsing them keeps the thread for about ten milliseconds. */
const PAGE = 500;

/** Records that a copy of a target has otherwise, or not at all. */
export interface RecordDifferences {
  readonly changed: readonly Versioned<StoredRecord>[];
  /** Ids of what the copy has and the target has not. */
  readonly gone: readonly string[];
}

/** What a copy of the records, such as the read model, is compared with the ledger by. */
export function createRecordCopies({ redis, keys, log }: { redis: Redis; keys: Keys; log: Logger }) {
  return {
    /**
     * Reads a target page by page, however many instances it holds, and parses only what the copy does not have: a version is
     * never given twice. What is gone is told last. What is written meanwhile may be told or not: the change stream tells it.
     *
     * @param known instance id → the version that the copy has
     */
    async *differences(
      target: Target,
      known: ReadonlyMap<string, number>,
    ): AsyncGenerator<RecordDifferences, void, undefined> {
      const { instances } = keys.target(target);
      const left = new Set(known.keys());
      let cursor = '0';
      do {
        const [next, flat] = await redis.hscan(instances, cursor, 'COUNT', PAGE);
        const changed: Versioned<StoredRecord>[] = [];
        for (let i = 0; i + 1 < flat.length; i += 2) {
          const [id = '', text = ''] = [flat[i], flat[i + 1]];
          const isKnown = known.get(id) === Number.parseInt(text, 10);
          const record = isKnown ? null : decodeRecord(text);
          if (isKnown || record?.value.instanceId === id) left.delete(id);
          if (record?.value.instanceId === id) changed.push(record);
          else if (!isKnown) {
            log.debug(
              { target: targetId(target), instanceId: id },
              'a record that cannot be read is in no list',
            );
          }
        }
        if (changed.length > 0) yield { changed, gone: [] };
        cursor = next;
      } while (cursor !== '0');
      if (left.size > 0) yield { changed: [], gone: [...left] };
    },
  };
}
