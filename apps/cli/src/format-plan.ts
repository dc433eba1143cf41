import { causeFacts } from '@muster/core/enrollment/cause';
import type { KnownCounts, Plan } from '@muster/core/reports/plan/assemble';
import { ASSUMPTIONS } from '@muster/core/reports/plan/estimate';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { cutToWidth, tableLines } from './lists/table.ts';

/** Rows of a table for people; --json and --csv have all. */
const MOST_ROWS = 40;
const MOST_UNREAD = 20;
/** Columns of an account's name. */
const WIDEST_NAME = 30;

/** The plan as people read it in a terminal. */
export function formatPlan(plan: Plan): string {
  const { totals } = plan;
  return [
    ...headOf(plan),
    ...cleanUpOf(plan),
    '',
    ...tableLines(columns('Unit', 'accounts', ...FIGURES), [
      ...unitRows(plan),
      ['Total', String(totals.accounts), ...cells(totals.counts)],
    ]),
    '',
    ...accountTable(plan),
    ...skippedOf(plan),
    ...hostManagementOf(plan),
    ...unreadOf(plan),
    ...plan.warnings.map(
      ({ scope, message }) => `Warning    ${scope === 'all' ? '' : `${scope}: `}${message}`,
    ),
    ...estimateOf(plan),
  ]
    .map(terminalLine)
    .join('\n');
}

const FIGURES = ['install', 'later', 'ineligible', 'joined', 'under way', 'stopped', 'starting', 'unmatched'];

/** The first to the left, figures to the right. */
function columns(first: string, ...more: readonly string[]) {
  return [{ title: first }, ...more.map((title) => ({ title, align: 'right' as const }))];
}

function headOf({ totals, verdict, error, inventory }: Plan): readonly string[] {
  const { install } = totals.counts;
  const lines = [
    `Plan       ${verdict}: ${install} instances would be sent the installer. Nothing was sent.`,
  ];
  if (error !== null) lines.push(`Accounts   NOT ALL LISTED: ${error}`);
  const { judged, ready } = totals.ssm;
  if (judged > 0) {
    const share = percent(ready, judged);
    lines.push(`SSM        ${ready} of ${judged} judged instances can be sent to (${share})`);
  }
  if (inventory.state === 'read') lines.push(`Inventory  ${inventory.nodes} nodes are online`);
  return lines;
}

/** Accounts and nodes of a clean-up that people are shown; --json names more. */
const CLEAN_UP_SHOWN = 5;

/** What clean-up would take out of Teleport. Off and with nothing to remove, it is not worth a line. */
function cleanUpOf({ cleanUp, ranBy }: Plan): readonly string[] {
  if (cleanUp === null) {
    return ranBy === 'local'
      ? []
      : [
          'Clean-up   not known: no inventory was read, or the worker could not tell. muster doctor says more.',
        ];
  }
  const { enabled, nodes, accounts, held, perHour, maxShare } = cleanUp;
  if (nodes === 0) return enabled ? ['Clean-up   removes no node from Teleport'] : [];
  const verb = enabled ? 'removes' : 'would remove';
  const iff = enabled ? '' : ', if muster.cleanup.enabled were true';
  const byAccount = cleanUp.byAccount.slice(0, CLEAN_UP_SHOWN);
  const more = accounts - byAccount.length;
  const named = cleanUp.longestGone.slice(0, CLEAN_UP_SHOWN);
  return [
    `Clean-up   ${verb} ${count(nodes, 'node')} of ${count(accounts, 'account')} from Teleport${iff}; at most ${perHour} an hour`,
    '           Proposed by what scans recorded: each is proven at EC2 and in Teleport before its removal.',
    ...(held === 0
      ? []
      : [
          `           ${held} of them wait for muster approve cleanup: more than ${Number((100 * maxShare).toFixed(1))} % of all nodes, or of an account’s, at once (muster.cleanup.max_share)`,
        ]),
    `           ${byAccount.map((one) => `${one.accountId}: ${one.nodes}`).join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
    ...named.map(
      ({ accountId, region, instanceId, nodeId, why, goneSince }) =>
        `             node/${nodeId}  ${instanceId} in ${accountId}/${region}, ${WHYS[why] ?? why} since ${goneSince}`,
    ),
    ...(nodes > named.length ? [`             … and ${nodes - named.length} more`] : []),
  ];
}

const WHYS: Readonly<Record<string, string>> = {
  'instance-gone': 'gone',
  'account-left': 'its account is not in the organization; gone',
};

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function unitRows({ units }: Plan): readonly (readonly string[])[] {
  return units.map(({ path, accounts, unread, counts }) => [
    path === '' ? '(no unit)' : path,
    unread > 0 ? `${accounts} (${unread} not read)` : String(accounts),
    ...cells(counts),
  ]);
}

function cells(counts: KnownCounts): readonly string[] {
  const { install, retryLater, ineligible, joined, inProgress, stopped, pending, unmatched } = counts;
  return [install, retryLater, ineligible, joined, inProgress, stopped, pending, unmatched].map((count) =>
    count === null ? '?' : String(count),
  );
}

function accountTable({ accounts }: Plan): readonly string[] {
  const weight = ({ counts }: Plan['accounts'][number]): number => counts.install + counts.ineligible;
  const shown = accounts.toSorted((a, b) => weight(b) - weight(a)).slice(0, MOST_ROWS);
  if (shown.length === 0) return [];
  const rows = shown.map(({ accountId, name, status, counts, targets }) => [
    `${accountId} ${cutToWidth(name, WIDEST_NAME)}`.trimEnd(),
    status === 'complete' ? (targets.some(isUnread) ? 'partly read' : '') : status,
    ...cells(counts).map((cell) => (status === 'complete' ? cell : '?')),
  ]);
  const more = accounts.length - shown.length;
  return [
    ...tableLines(columns('Account', '', ...FIGURES), rows),
    ...(more > 0 ? [`… and ${more} more accounts (--json and --csv list all)`] : []),
    '',
  ];
}

function isUnread({ status }: { readonly status: string }): boolean {
  return status !== 'complete' && status !== 'regionOff';
}

function skippedOf({ totals }: Plan): readonly string[] {
  const causes = Object.entries(totals.ineligibleByCause).toSorted(([, a], [, b]) => b - a);
  if (causes.length === 0) return [];
  const lines = causes.flatMap(([cause, count]) => {
    const { title, remedy } = causeFacts(cause);
    return [`  ${String(count).padStart(6)}  ${cause}: ${title}`, `          ${remedy}`];
  });
  return ['Skipped, and why:', ...lines, ''];
}

/** What one switch of the accounts' administrators would win: an upper bound, since EC2 does not show who runs an agent. */
function hostManagementOf({ totals }: Plan): readonly string[] {
  const { off, unknown } = totals.hostManagement;
  const lines = [
    ...(off.targets === 0
      ? []
      : [
          `Default Host Management Configuration is off in ${off.targets} targets: switched on, it would win up to ${off.hosts} hosts (muster init dhmc).`,
        ]),
    ...(unknown.targets === 0
      ? []
      : [
          `Whether it is on in ${unknown.targets} targets with ${unknown.hosts} unmanaged hosts is not known: the member role may not ask (ssm:GetServiceSetting).`,
        ]),
  ];
  return lines.length === 0 ? [] : [...lines, ''];
}

function unreadOf({ unread }: Plan): readonly string[] {
  if (unread.length === 0) return [];
  const lines = unread
    .slice(0, MOST_UNREAD)
    .flatMap(({ accountId, region, status, cause, detail, remedy }) => [
      `  ${accountId}/${region}  ${status}${cause === null ? '' : ` (${cause})`}: ${detail}`,
      ...(remedy === null ? [] : [`          ${remedy}`]),
    ]);
  const more = unread.length - MOST_UNREAD;
  return [
    'Not read, so what is there is not known:',
    ...lines,
    ...(more > 0 ? [`  … and ${more} more`] : []),
    '',
  ];
}

function estimateOf({ estimate }: Plan): readonly string[] {
  const calls = (one: Plan['estimate']['sweep']): string =>
    Object.entries(one.calls)
      .map(([action, count]) => `${count} ${action}`)
      .join(', ');
  return [
    `First run  about ${duration(estimate.firstRun.seconds)} or more, at least ${estimate.firstRun.total} calls: ${calls(estimate.firstRun)}`,
    `A sweep    about ${duration(estimate.sweep.seconds)} or more, ${estimate.sweep.total} calls: ${calls(estimate.sweep)}`,
    `           (taken: ${ASSUMPTIONS.latencySeconds} s per call, ${ASSUMPTIONS.installSeconds} s per install; a lower bound)`,
  ];
}

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}

function percent(part: number, whole: number): string {
  return `${Math.floor((100 * part) / whole)} %`;
}
