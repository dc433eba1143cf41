import type { Redis } from 'ioredis';
import type { Keys } from '../redis/keys.ts';
import { causeOf, stateOf } from './record.ts';
import { decodeRecord } from './record-codec.ts';

const COUNT = /^\d{1,9}$/;

/**
 * How many records of a target are in each state (`s:STATE`) and wait for each cause (`c:CAUSE`). `write-records.lua` keeps
 * these counts; when one of them is no number, another client has written it, and the records themselves are counted.
 */
export async function readCounts(
  redis: Redis,
  names: ReturnType<Keys['target']>,
): Promise<readonly (readonly [string, number])[]> {
  const kept = Object.entries(await redis.hgetall(names.counts));
  if (kept.every(([, count]) => COUNT.test(count))) {
    return kept.map(([field, count]) => [field, Number(count)]);
  }
  const counts = new Map<string, number>();
  const add = (field: string): void => {
    counts.set(field, (counts.get(field) ?? 0) + 1);
  };
  for (const text of await redis.hvals(names.instances)) {
    const record = decodeRecord(text)?.value;
    if (record === undefined) continue;
    add(`s:${stateOf(record)}`);
    const cause = causeOf(record);
    if (cause !== null) add(`c:${cause}`);
  }
  return [...counts];
}
