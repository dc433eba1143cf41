import type { Redis } from 'ioredis';
import { BatchId } from '../domain/ids.ts';
import { readTargetId, targetId } from '../domain/target.ts';
import type { ControlLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from './scripts.ts';

type Reservation = Awaited<ReturnType<ControlLedger['reservations']>>[number];

/** What is in flight, under the caps of all, of an account and of a target. */
export function createReservations(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): Pick<ControlLedger, 'reserve' | 'release' | 'adopt' | 'reservations'> {
  const { redis, keys, run } = deps;
  return {
    async reserve(target, batchId, wanted, caps) {
      const granted = await run(
        'reserve',
        [keys.inFlight],
        ['reserve', target.accountId, targetId(target), batchId, wanted, caps.all, caps.account, caps.target],
      );
      return Number(granted);
    },

    async release(target, batchId) {
      await run('reserve', [keys.inFlight], ['release', target.accountId, targetId(target), batchId]);
    },

    async adopt(target, batchId, instances) {
      await run(
        'reserve',
        [keys.inFlight],
        ['adopt', target.accountId, targetId(target), batchId, instances],
      );
    },

    async reservations() {
      const fields = await redis.hgetall(keys.inFlight);
      return Object.entries(fields)
        .map(([field, count]) => readReservation(field, Number(count)))
        .filter((one) => one !== null);
    },
  };
}

/** A field of `TARGET/BATCH` or `adopted:TARGET:BATCH`; null for the sums, and for what is neither. */
function readReservation(field: string, instances: number): Reservation | null {
  const [, adopted, id = '', batch] = /^(adopted:)?([^/:]+)[/:](.+)$/.exec(field) ?? [];
  const target = readTargetId(id);
  const batchId = BatchId.safeParse(batch);
  if (target === null || !batchId.success) return null;
  return { target, batchId: batchId.data, instances, isAdopted: adopted !== undefined };
}
