import type { Redis } from 'ioredis';
import { AccountId, BatchId } from '../organization/ids.ts';
import { readTargetId, targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import type { RunScript } from '../redis/scripts.ts';
import type { ControlLedger } from '../control/control-store.ts';

/** A cap that had no room for any batch that asked. Durations are by the clock of Redis. */
export interface BlockedCap {
  readonly cap: 'all' | { readonly accountId: AccountId } | { readonly target: Target };
  /** From the first batch that was turned away until now, with none let through in between. */
  readonly forMs: number;
  /** Since the last batch that was turned away: when it is long, no batch waits. */
  readonly quietMs: number;
  /** Instances in flight that it counts. */
  readonly inFlight: number;
}

type Reservation = Awaited<ReturnType<ControlLedger['reservations']>>[number];

/** What is in flight, under the caps of all, of an account and of a target. */
export function createReservations(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}): Pick<ControlLedger, 'room' | 'reservations' | 'blockedCaps'> {
  const { redis, keys, run } = deps;
  return {
    async room(target, caps) {
      const room = await run(
        'room',
        [keys.inFlight],
        [target.accountId, targetId(target), caps.all, caps.account, caps.target],
      );
      return Number(room);
    },

    async blockedCaps() {
      const [fields, [seconds = 0, micros = 0]] = await Promise.all([
        redis.hgetall(keys.inFlight),
        redis.time(),
      ]);
      const nowMs = seconds * 1_000 + micros / 1_000;
      return Object.entries(fields)
        .map(([field, text]) => readBlockedCap(field, text, fields, nowMs))
        .filter((one) => one !== null);
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

const BLOCKED = 'blocked:';

/** `blocked:SUM` → `since|last`; null for any other field. */
function readBlockedCap(
  field: string,
  text: string,
  fields: Readonly<Record<string, string>>,
  nowMs: number,
): BlockedCap | null {
  if (!field.startsWith(BLOCKED)) return null;
  const sum = field.slice(BLOCKED.length);
  const cap = readCap(sum);
  const [since = Number.NaN, last = Number.NaN] = text.split('|').map(Number);
  if (cap === null || Number.isNaN(since + last)) return null;
  return {
    cap,
    forMs: Math.max(0, nowMs - since),
    quietMs: Math.max(0, nowMs - last),
    inFlight: Number(fields[sum] ?? 0),
  };
}

function readCap(sum: string): BlockedCap['cap'] | null {
  if (sum === 'total') return 'all';
  const name = sum.slice(2);
  const target = sum.startsWith('t:') ? readTargetId(name) : null;
  if (target !== null) return { target };
  const account = sum.startsWith('a:') ? AccountId.safeParse(name) : null;
  return account?.success === true ? { accountId: account.data } : null;
}
