import { z } from 'zod';
import { encodeStored, parseStored } from '../enrollment/stored-schema.ts';

/** What history keeps of one moment. All counts are of the moment; `work` are sums since the ledger began. */
export interface HistoryBucket {
  readonly byState: Readonly<Record<string, number>>;
  readonly byCause: Readonly<Record<string, number>>;
  /** By account group: see `groupAccounts`. */
  readonly byGroup: Readonly<Record<string, GroupCounts>>;
  readonly work: WorkSums;
  /** How long the oldest overdue piece of work had waited for a tick. */
  readonly dueLagMs: number;
}

/** Of a group the few counts that are compared between groups: all states of all groups would not fit into 30 MB of Redis. */
export interface GroupCounts {
  /** Without those that are gone. */
  readonly hosts: number;
  readonly joined: number;
  readonly failed: number;
  readonly lost: number;
}

/** They only grow, until Redis loses them: what was done between two moments is their difference. */
export interface WorkSums {
  readonly commandsSent: number;
  /** Hosts that became joined, repairs included. */
  readonly joined: number;
  /** Throttled calls by API. */
  readonly throttled: Readonly<Record<string, number>>;
}

const Count = z.number();
const CountsByName = z.record(z.string(), Count);

/** Short keys: a year of these lies in Redis. */
const StoredBucket = z.object({
  s: CountsByName,
  c: CountsByName,
  /** Hosts, joined, failed, lost. */
  g: z.record(z.string(), z.tuple([Count, Count, Count, Count]).rest(Count)),
  /** Commands sent, joined, due lag (ms). */
  w: z.tuple([Count, Count, Count]).rest(Count),
  t: CountsByName,
});

/** A bucket as JSON for Redis: 1 to 3 KB for an organization of 1,000 accounts. */
export function encodeBucket({ byState, byCause, byGroup, work, dueLagMs }: HistoryBucket): string {
  return encodeStored({
    s: byState,
    c: byCause,
    g: Object.fromEntries(
      Object.entries(byGroup).map(([group, { hosts, joined, failed, lost }]) => [
        group,
        [hosts, joined, failed, lost],
      ]),
    ),
    w: [work.commandsSent, work.joined, Math.round(dueLagMs)],
    t: work.throttled,
  });
}

/** Null for what is no bucket. Fields of a newer release are left out. */
export function decodeBucket(text: string): HistoryBucket | null {
  const stored = parseStored(StoredBucket, text);
  if (stored === null) return null;
  const [commandsSent, joinedEver, dueLagMs] = stored.w;
  return {
    byState: stored.s,
    byCause: stored.c,
    byGroup: Object.fromEntries(
      Object.entries(stored.g).map(([group, [hosts, joined, failed, lost]]) => [
        group,
        { hosts, joined, failed, lost },
      ]),
    ),
    work: { commandsSent, joined: joinedEver, throttled: stored.t },
    dueLagMs,
  };
}
