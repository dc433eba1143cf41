import type { Ledger } from '../control/ledger.ts';
import { DUE_KINDS } from '../jobs/catalog.ts';
import { groupAccounts, OTHER_GROUP } from './account-groups.ts';
import type { GroupCounts, HistoryBucket } from './history-bucket.ts';

type Readable = Pick<Ledger, 'enrollments' | 'coverage' | 'statistics' | 'due'>;

/**
 * Where the organization stands now, for history. Null while no record is known: before the first scan, and after a Redis
 * that lost its data, nothing was counted, which is no zero. Asks Redis once per target that holds records.
 */
export async function gatherBucket(ledger: Readable): Promise<HistoryBucket | null> {
  const { states, causes } = await ledger.enrollments.counts();
  if (states.size === 0) return null;
  const [byGroup, statistics, lags] = await Promise.all([
    countGroups(ledger, [...states.keys()]),
    ledger.statistics.read(),
    Promise.all(DUE_KINDS.map(async (kind) => (await ledger.due.count(kind)).overdueMs)),
  ]);
  const { commandsSent, joined, throttled } = statistics;
  return {
    byState: Object.fromEntries(states),
    byCause: Object.fromEntries(causes),
    byGroup,
    work: { commandsSent, joined, throttled: Object.fromEntries(throttled) },
    dueLagMs: Math.max(0, ...lags),
  };
}

/** States that a group is counted by, beside all its hosts. */
const COUNTED = ['joined', 'failed', 'lost'] as const;

async function countGroups(
  { enrollments, coverage }: Readable,
  states: readonly string[],
): Promise<HistoryBucket['byGroup']> {
  const [accounts, targets] = await Promise.all([coverage.accounts(), enrollments.keptTargets()]);
  const groups = groupAccounts(accounts.map(({ account }) => account));
  const counts = await enrollments.statesIn(targets, states);
  const sums = new Map<string, Record<keyof GroupCounts, number>>();
  for (const [index, { accountId }] of targets.entries()) {
    const group = groups.get(accountId) ?? OTHER_GROUP;
    const sum = sums.get(group) ?? { hosts: 0, joined: 0, failed: 0, lost: 0 };
    sums.set(group, sum);
    for (const [nth, state] of states.entries()) {
      const count = counts[index]?.[nth] ?? 0;
      if (state !== 'gone') sum.hosts += count;
      const counted = COUNTED.find((one) => one === state);
      if (counted !== undefined) sum[counted] += count;
    }
  }
  return Object.fromEntries(sums);
}
