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
  const rows: (readonly (string | number | null)[])[] = [COLUMNS];
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
  return `${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`;
}

/**
 * Where a spreadsheet would begin a formula: at the start of a cell, and after whatever another importer than RFC 4180's
 * takes for the start of one. Full-width and small forms count: spreadsheets of East Asian locales read them alike.
 * After https://owasp.org/www-community/attacks/CSV_Injection (read 2026-11).
 */
const FORMULA = /(^|[;,|"；，])(?=[\s\p{Cf}\p{Cc}]*[=+\-@＝＋－＠﹦﹢﹣﹫−])/gu;
/** One record is one line, also for tools that know nothing of quotes. */
const LINE_BREAKS = /[\r\n\t\v\f\u0085\u2028\u2029]+/g;

/** Names and details are others' text: always quoted, and no formula anywhere in it. */
function cell(value: string | number | null): string {
  if (value === null) return '""';
  if (typeof value === 'number') return `"${value}"`;
  const text = value.replaceAll(LINE_BREAKS, ' ').replaceAll(FORMULA, "$1'");
  return `"${text.replaceAll('"', '""')}"`;
}
