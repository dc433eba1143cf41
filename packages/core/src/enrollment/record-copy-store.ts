import type { Redis } from 'ioredis';
import { targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { Logger } from '../runtime/logger-port.ts';
import { decodeRecord } from './record-codec.ts';
import type { SealedRecord } from './seal.ts';

/** Records of a target in one round trip: parsing those of sixteen targets keeps the thread for some ten milliseconds. */
const PAGE = 200;

/** A target, and what a copy has of it: instance id → version. */
export interface KnownRecords {
  readonly target: Target;
  readonly known: ReadonlyMap<string, number>;
}

/** Records that a copy of a target has otherwise, or not at all. */
export interface RecordDifferences {
  readonly target: Target;
  readonly changed: readonly SealedRecord[];
  /** Ids of what the copy has and the target has not. */
  readonly gone: readonly string[];
}

/** One target on the way. */
interface Scan extends KnownRecords {
  /** Ids of the copy that were not met yet. */
  readonly left: Set<string>;
  readonly cursor: string;
}

/** What a copy of the records, such as the read model, is compared with the ledger by. */
export function createRecordCopies({ redis, keys, log }: { redis: Redis; keys: Keys; log: Logger }) {
  async function readPages(scans: readonly Scan[]): Promise<readonly [next: string, flat: string[]][]> {
    const pipeline = redis.pipeline();
    for (const { target, cursor } of scans) {
      pipeline.hscan(keys.target(target).instances, cursor, 'COUNT', PAGE);
    }
    const replies = (await pipeline.exec()) ?? [];
    return replies.map(([error, page]) => {
      if (error !== null) throw error;
      return page as [string, string[]];
    });
  }

  function compare({ target, known, left }: Scan, flat: readonly string[]): readonly SealedRecord[] {
    const changed: SealedRecord[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const [id = '', text = ''] = [flat[i], flat[i + 1]];
      const isKnown = known.get(id) === Number.parseInt(text, 10);
      const record = isKnown ? null : decodeRecord(text);
      if (isKnown || record?.value.instanceId === id) left.delete(id);
      if (record?.value.instanceId === id) changed.push(record);
      else if (!isKnown) {
        log.debug({ target: targetId(target), instanceId: id }, 'a record that cannot be read is in no list');
      }
    }
    return changed;
  }

  return {
    /**
     * Reads targets side by side, page by page, however many instances they hold, and parses only what the copy does not have: a
     * version is never given twice. What is gone is told last of a target. What is written meanwhile may be told or not: the change
     * stream tells it.
     */
    async *differences(some: readonly KnownRecords[]): AsyncGenerator<RecordDifferences, void, undefined> {
      let scans: readonly Scan[] = some.map((one) => ({
        ...one,
        left: new Set(one.known.keys()),
        cursor: '0',
      }));
      while (scans.length > 0) {
        const pages = await readPages(scans);
        const further: Scan[] = [];
        for (const [at, scan] of scans.entries()) {
          const { target, left } = scan;
          const [cursor, flat] = pages[at] ?? ['0', []];
          const changed = compare(scan, flat);
          const isWhole = cursor === '0';
          if (!isWhole) further.push({ ...scan, cursor });
          const gone = isWhole ? [...left] : [];
          if (changed.length > 0 || gone.length > 0) yield { target, changed, gone };
        }
        scans = further;
      }
    },
  };
}
