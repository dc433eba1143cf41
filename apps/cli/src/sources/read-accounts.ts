import type { Ledger } from '@muster/core/control/ledger';
import { ON_THE_WAY } from '@muster/core/enrollment/record';
import { accountStatus, worstFirst } from '@muster/core/organization/account-status';
import type { Coverage } from '@muster/core/organization/coverage';
import { parseCoverageId } from '@muster/core/organization/coverage-store';
import type { AccountLine } from '../lists/account-list.ts';

/** States by the column of an account that counts them. */
const STATES = {
  joined: ['joined'],
  lost: ['lost'],
  failed: ['failed'],
  ineligible: ['ineligible'],
  underWay: ON_THE_WAY,
} as const;
type Column = keyof typeof STATES;
const COLUMNS = Object.keys(STATES) as Column[];

/** Every account with the sum of its targets, in the order of their ids. */
export async function* readAccounts(ledger: Ledger): AsyncGenerator<AccountLine> {
  const [accounts, coverages, hosts] = await Promise.all([
    ledger.coverage.accounts(),
    ledger.coverage.all(),
    countHosts(ledger),
  ]);
  const read = Map.groupBy(coverages, ({ id }) => parseCoverageId(id).accountId);
  for (const { account, regions } of accounts.toSorted((a, b) =>
    a.account.accountId.localeCompare(b.account.accountId),
  )) {
    const own = (read.get(account.accountId) ?? []).map(({ id, coverage }) => ({
      ...coverage,
      region: parseCoverageId(id).target?.region ?? null,
    }));
    const [worst = null] = own.toSorted(worstFirst);
    const counts = hosts.get(account.accountId);
    const of = (column: Column): number => counts?.get(column) ?? 0;
    yield {
      accountId: account.accountId,
      name: account.name,
      unitPath: account.ancestorIds,
      status: accountStatus(worst),
      cause: worst?.cause ?? null,
      detail: worst?.detail ?? '',
      regions: regions?.length ?? 0,
      hosts: COLUMNS.reduce((sum, column) => sum + of(column), 0),
      joined: of('joined'),
      lost: of('lost'),
      failed: of('failed'),
      ineligible: of('ineligible'),
      underWay: of('underWay'),
      lastCompleteAt: oldestComplete(own),
    };
  }
}

/** By account, then by column. */
async function countHosts({
  enrollments,
}: Ledger): Promise<ReadonlyMap<string, ReadonlyMap<Column, number>>> {
  const targets = await enrollments.keptTargets();
  const hosts = new Map<string, Map<Column, number>>();
  for (const column of COLUMNS) {
    const counts = await enrollments.countsIn(targets, ...STATES[column].map((state) => ({ state })));
    for (const [at, { accountId }] of targets.entries()) {
      const own = hosts.get(accountId) ?? new Map<Column, number>();
      hosts.set(accountId, own.set(column, (own.get(column) ?? 0) + (counts[at] ?? 0)));
    }
  }
  return hosts;
}

/** Null when a target was never read completely, or there is none. A region that is off has nothing to read. */
function oldestComplete(coverages: readonly Coverage[]): string | null {
  const times = coverages
    .filter(({ status }) => status !== 'regionOff')
    .map(({ completeAtMs }) => completeAtMs);
  if (times.length === 0 || times.includes(null)) return null;
  return new Date(Math.min(...times.filter((time) => time !== null))).toISOString();
}
