import { plural } from '@muster/core/runtime/wording';
import type { AccountDiff, ConfigDiff } from '@muster/core/reports/config-diff';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { tableLines } from './lists/table.ts';

/** The answer of `muster config diff` as one JSON document: the accounts up to a limit, and how many more there are. */
export function diffJson({ accounts, ...sums }: ConfigDiff, limit: number) {
  return {
    ...sums,
    accounts: accounts.slice(0, limit),
    moreAccounts: Math.max(0, accounts.length - limit),
  };
}

/** The same for people: the sums as sentences, then the accounts, then an example or a few of each kind. */
export function formatConfigDiff(diff: ConfigDiff, limit: number): string {
  const { adds, drops, handsOver, same, unknown, notRead, notKnown, accounts } = diff;
  const lines = [
    `the new file adds ${plural(adds, 'host')}, drops ${drops}, hands ${handsOver} over to another or a changed matcher, and leaves ${same} as they are`,
    ...(unknown > 0
      ? [
          `of ${plural(unknown, 'host')} only a scan can tell: it depends on tags, which the ledger does not hold`,
        ]
      : []),
    ...(notRead > 0
      ? [`${notRead} targets that it covers were not read completely: what they hold is in no figure`]
      : []),
    ...notKnown,
  ];
  if (accounts.length > 0) {
    lines.push('', ...tableLines(COLUMNS, accounts.slice(0, limit).map(rowOf)));
    if (accounts.length > limit) lines.push(`… and ${accounts.length - limit} more (--limit)`);
    lines.push(...accounts.slice(0, limit).flatMap(examplesOf));
  }
  return lines.map(terminalLine).join('\n');
}

const COLUMNS = [
  { title: 'account' },
  ...['adds', 'drops', 'hands over', 'same', 'only a scan can tell', 'targets not read'].map((title) => ({
    title,
    align: 'right' as const,
  })),
];

function rowOf({ accountId, adds, drops, handsOver, same, unknown, notRead }: AccountDiff): string[] {
  return [accountId, ...[adds, drops, handsOver, same, unknown, notRead].map(String)];
}

function examplesOf({ accountId, examples }: AccountDiff): readonly string[] {
  const parts = [
    ['adds', examples.adds],
    ['drops', examples.drops],
    ['hands over', examples.handsOver],
    ['only a scan can tell', examples.unknown],
  ] as const;
  const shown = parts.filter(([, ids]) => ids.length > 0).map(([what, ids]) => `${what} ${ids.join(' ')}`);
  return shown.length === 0 ? [] : [`${accountId}: for example ${shown.join('; ')}`];
}
