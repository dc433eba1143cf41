import { csvRecord, type CsvValue } from '../../runtime/csv-text.ts';
import type { Plan } from './assemble.ts';

const COLUMNS = [
  'account_id',
  'account_name',
  'units',
  'account_state',
  'region',
  'status',
  'cause',
  'install',
  'retry_later',
  'ineligible',
  'joined',
  'in_progress',
  'stopped',
  'pending',
  'unmatched',
  'ineligible_causes',
  'detail',
] as const;

/**
 * One row per target (RFC 4180), and one with region `*` for an account without any: a denied one above all. Counts of a
 * scope that was not read are empty, not 0. Every cell is quoted.
 */
export function planCsv(plan: Plan): string {
  const rows: (readonly CsvValue[])[] = [COLUMNS];
  for (const account of plan.accounts) {
    const begin = [account.accountId, account.name, account.units.join('/'), account.state];
    const scopes = account.targets.length > 0 ? account.targets : [{ ...account, region: '*' }];
    for (const { region, status, cause, counts, ineligibleByCause, detail } of scopes) {
      const isRead = status === 'complete';
      const { install, retryLater, ineligible, joined, inProgress, stopped, pending, unmatched } = counts;
      const numbers = [install, retryLater, ineligible, joined, inProgress, stopped, pending, unmatched];
      const causes = Object.entries(ineligibleByCause).map(([name, count]) => `${name}=${count}`);
      rows.push([
        ...begin,
        region,
        status,
        cause,
        ...numbers.map((number) => (isRead ? number : null)),
        causes.join(' '),
        detail,
      ]);
    }
  }
  return rows.map(csvRecord).join('');
}
