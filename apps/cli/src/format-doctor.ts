import type { Check, CheckStatus } from '@muster/core/reports/doctor/check';
import type { DoctorReport } from '@muster/core/reports/doctor/doctor-report';
import { terminalLine } from '@muster/core/runtime/terminal-text';

const MOST_ACCOUNTS = 10;
const WORDS: Readonly<Record<CheckStatus, string>> = { pass: 'ok', warn: 'WARN', fail: 'FAIL', skipped: '-' };

/** The report as people read it in a terminal: one entry per kind of outcome, with the accounts it is true of. */
export function formatDoctor(report: DoctorReport): string {
  const { summary, accounts, agents } = report;
  const groups = Map.groupBy(report.checks, groupKey);
  const lines = [...groups.values()].flatMap(describeGroup);
  const share = agents.running === 0 ? '' : `, agents online ${agents.online} of ${agents.running}`;
  const skipped = accounts.skipped > 0 ? `, ${accounts.skipped} not active` : '';
  return [
    ...lines,
    '',
    `Accounts   ${accounts.total}: ${accounts.ok} ok, ${accounts.failed} failed${skipped}${share}`,
    `Verdict    ${report.verdict}: ${summary.pass} passed, ${summary.warn} warnings, ${summary.fail} failed, ${summary.skipped} skipped${report.worker === null ? '' : `; answered by ${report.worker}`}`,
  ].join('\n');
}

/** The role's ARN names the account, so it does not tell kinds of outcome apart. */
function groupKey({ id, subject, accountId, status, cause }: Check): string {
  const what = id === 'account-role' && accountId !== null ? '' : (subject ?? '');
  return [id, what, accountId === null ? 'all' : 'account', status, cause ?? ''].join('|');
}

function describeGroup(checks: readonly Check[]): readonly string[] {
  const [first] = checks;
  if (first === undefined) return [];
  const { id, subject, status, detail, remedy, accountId } = first;
  const isManifold = accountId !== null;
  const name = subject === null || id === 'account-role' ? id : terminalLine(`${id} ${subject}`);
  const head = `${WORDS[status].padEnd(5)} ${name}`;
  if (isManifold && status === 'pass') return [`${head}: ${checks.length} accounts`];
  const about = isManifold ? ` in ${describeAccounts(checks)}` : '';
  return [
    `${head}${about}: ${checks.length > 1 ? `${accountId ?? ''}: ` : ''}${indentLines(detail)}`,
    ...(remedy === null ? [] : [`      → ${indentLines(remedy)}`]),
  ];
}

function describeAccounts(checks: readonly Check[]): string {
  const ids = [...new Set(checks.map(({ accountId }) => accountId))];
  const more = ids.length - MOST_ACCOUNTS;
  const shown = ids.slice(0, MOST_ACCOUNTS).join(', ');
  const count = ids.length === 1 ? '1 account' : `${ids.length} accounts`;
  return `${count} (${shown}${more > 0 ? `, and ${more} more` : ''})`;
}

/** Text of AWS and of scripts: its lines stand further in than ours, so that none passes for one of them. */
function indentLines(text: string): string {
  return text.split('\n').map(terminalLine).join('\n        ');
}
