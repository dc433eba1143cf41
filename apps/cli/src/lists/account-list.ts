import { colorOfStatus } from './coverage-list.ts';
import type { List } from './list.ts';
import { timeText } from './relative-time.ts';
import { cutToWidth } from './table.ts';

/** One line of `muster accounts --json` (docs/status-json.md). */
export interface AccountLine {
  readonly accountId: string;
  /** Empty where no listing of the organization has shown it. Untrusted. */
  readonly name: string;
  /** Ids of units from the root down; empty when the account was not found through an organization. */
  readonly unitPath: readonly string[];
  /** The worst of its targets; `denied` for one that cannot be entered. */
  readonly status: string;
  /** Why it, or one of its targets, is not read; null when all are. */
  readonly cause: string | null;
  /** The missing action or AWS's own message; empty when complete. Untrusted. */
  readonly detail: string;
  readonly regions: number;
  /** All but stopped, unmatched and gone ones. */
  readonly hosts: number;
  readonly joined: number;
  readonly lost: number;
  readonly failed: number;
  readonly ineligible: number;
  /** Queued, sending, installing, installed. */
  readonly underWay: number;
  /** Oldest complete reading among its targets; null when one was never read completely. */
  readonly lastCompleteAt: string | null;
}

const NAME_COLUMNS = 30;

export const ACCOUNT_LIST: List<AccountLine> = {
  noun: 'accounts',
  fields: [
    'accountId',
    'name',
    'unitPath',
    'status',
    'cause',
    'detail',
    'regions',
    'hosts',
    'joined',
    'lost',
    'failed',
    'ineligible',
    'underWay',
    'lastCompleteAt',
  ],
  columns: [
    { field: 'accountId', title: 'account' },
    { field: 'name', title: 'name', text: ({ name }) => cutToWidth(name, NAME_COLUMNS) },
    { field: 'status', title: 'status', color: ({ status }) => colorOfStatus(status) },
    { field: 'hosts', title: 'hosts', align: 'right' },
    { field: 'joined', title: 'joined', align: 'right' },
    { field: 'lost', title: 'lost', align: 'right', color: ({ lost }) => (lost > 0 ? 'red' : null) },
    { field: 'failed', title: 'failed', align: 'right', color: ({ failed }) => (failed > 0 ? 'red' : null) },
    { field: 'ineligible', title: 'ineligible', align: 'right' },
    { field: 'underWay', title: 'under way', align: 'right' },
    {
      field: 'lastCompleteAt',
      title: 'last complete',
      text: (line, view) => timeText(line.lastCompleteAt, view),
    },
    { field: 'cause', title: 'cause' },
  ],
};
