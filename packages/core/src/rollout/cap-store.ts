import type { Redis } from 'ioredis';
import type { Caps } from '../enrollment/enrollment-store.ts';
import { AccountId, InstanceId } from '../organization/ids.ts';
import { readTargetId, targetId, type Target } from '../organization/target.ts';
import type { Keys } from '../redis/keys.ts';
import { redisTime } from '../redis/redis-time.ts';
import type { RunScript } from '../redis/scripts.ts';

/** A host that counts under the caps: from its claim until it has joined or failed. */
export interface Place {
  readonly instanceId: InstanceId;
  readonly target: Target;
  /** `repair`: it has joined before, and counts under the cap of repairs too. `adopted`: its command was found in AWS, and it counts for its account and target alone. */
  readonly kind: 'install' | 'repair' | 'adopted';
  readonly sinceMs: number;
}

/** A cap that had no room for any batch that asked. Durations are by the clock of Redis. */
export interface BlockedCap {
  readonly cap: 'all' | 'repair' | { readonly accountId: AccountId } | { readonly target: Target };
  /** From the first batch that was turned away until now, with none let through in between. */
  readonly forMs: number;
  /** Since the last batch that was turned away: when it is long, no batch waits. */
  readonly quietMs: number;
  /** Hosts that it counts. */
  readonly inFlight: number;
}

/** What the caps leave room for. */
export interface Room {
  /** How many hosts of the target, 0 or more. */
  readonly hosts: number;
  /** What all targets in it wait for that find none: `total`, `repair`, `a:ACCOUNT`. A target's own cap is no such thing. */
  readonly full: readonly string[];
}

/** What `muster.repair` says of how many. */
export interface RepairLimits {
  readonly inFlight: number;
  readonly perHour: number;
  readonly hourMs: number;
}

/** How many repairs may begin now. */
export interface RepairRoom {
  readonly room: number;
  /** What leaves no room; null while there is some. */
  readonly full: 'in-flight' | 'hour' | null;
  /** When the hour leaves room again, epoch ms; null where that is not what is full. */
  readonly untilMs: number | null;
}

/** Who is under way, under the caps of all, of repairs, of an account and of a target: see places.lua. */
export function createCapLedger(deps: {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly run: RunScript;
}) {
  const { redis, keys, run } = deps;
  return {
    /** How many hosts of a target the caps leave room for. Places are taken with the claim (`WriteTerms.caps`). */
    async room(target: Target, caps: Caps): Promise<Room> {
      const reply = await run(
        'room',
        [keys.places, keys.countIndex, keys.counts],
        [targetId(target), caps.all, caps.account, caps.target, caps.repair ?? ''],
      );
      const [hosts, ...full] = reply as readonly [number, ...string[]];
      return { hosts, full: full.filter((sum) => sum !== `t:${targetId(target)}`) };
    },

    /**
     * In how many ms a target looks again that waits for all of these (`Room.full`, or another name): each time in a turn of its
     * own, so that however many targets wait, all of them together look once in `apartMs` at most.
     */
    async nextTurnMs(
      awaited: readonly string[],
      { atLeastMs, apartMs }: { readonly atLeastMs: number; readonly apartMs: number },
    ): Promise<number> {
      if (awaited.length === 0) return atLeastMs;
      return Number(await run('next-turn', [keys.turns], [atLeastMs, apartMs, ...awaited]));
    },

    /** How many repairs may begin now, and why not more. */
    async repairRoom({ inFlight, perHour, hourMs }: RepairLimits): Promise<RepairRoom> {
      const reply = await run('repair-room', [keys.places, keys.repairRate], [inFlight, perHour, hourMs]);
      const [ofCap, ofHour, moreAtMs] = reply as readonly [number, number, number];
      if (ofHour === 0) return { room: 0, full: 'hour', untilMs: moreAtMs };
      return { room: Math.min(ofCap, ofHour), full: ofCap === 0 ? 'in-flight' : null, untilMs: null };
    },

    /** Caps that leave no room, as far as batches have asked for some. */
    async blocked(): Promise<readonly BlockedCap[]> {
      const [fields, nowMs] = await Promise.all([redis.hgetall(keys.places), redisTime(redis)]);
      return Object.entries(fields)
        .map(([field, text]) => readBlockedCap(field, text, fields, nowMs))
        .filter((one) => one !== null);
    },

    /** The hosts that count under the caps. */
    async places(): Promise<readonly Place[]> {
      const fields = await redis.hgetall(keys.places);
      return Object.entries(fields)
        .map(([field, text]) => readPlace(field, text))
        .filter((one) => one !== null);
    },
  };
}

/** Who holds a place, and how much room the caps leave. */
export type CapLedger = ReturnType<typeof createCapLedger>;

const KINDS: ReadonlySet<string> = new Set<Place['kind']>(['install', 'repair', 'adopted']);

/** `INSTANCE` → `TARGET|KIND|SINCE|LINK`; null for the sums, and for what is neither. */
function readPlace(field: string, text: string): Place | null {
  const [id = '', kind = '', since] = text.split('|');
  const instanceId = InstanceId.safeParse(field);
  const target = readTargetId(id);
  if (!instanceId.success || target === null || !KINDS.has(kind)) return null;
  return { instanceId: instanceId.data, target, kind: kind as Place['kind'], sinceMs: Number(since) };
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
  if (sum === 'repair') return 'repair';
  const name = sum.slice(2);
  const target = sum.startsWith('t:') ? readTargetId(name) : null;
  if (target !== null) return { target };
  const account = sum.startsWith('a:') ? AccountId.safeParse(name) : null;
  return account?.success === true ? { accountId: account.data } : null;
}
