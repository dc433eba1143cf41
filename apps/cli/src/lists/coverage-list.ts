import type { Color } from '../guarded-output.ts';
import type { List } from './list.ts';
import { timeText } from './relative-time.ts';
import { cutToWidth } from './table.ts';

/** One line of `muster coverage --json` (docs/status-json.md). */
export interface CoverageLine {
  readonly accountId: string;
  /** Empty where no listing of the organization has shown it. Untrusted. */
  readonly accountName: string;
  /** `*` stands for an account that cannot be entered. */
  readonly region: string;
  readonly status: string;
  readonly lastReadAt: string | null;
  readonly lastCompleteAt: string | null;
  readonly cause: string | null;
  /** The missing action or AWS's own message. Untrusted. */
  readonly detail: string | null;
  readonly remedy: string | null;
}

const NAME_COLUMNS = 24;

export const COVERAGE_LIST: List<CoverageLine> = {
  noun: 'targets',
  fields: [
    'accountId',
    'accountName',
    'region',
    'status',
    'lastReadAt',
    'lastCompleteAt',
    'cause',
    'detail',
    'remedy',
  ],
  columns: [
    { field: 'accountId', title: 'account' },
    {
      field: 'accountName',
      title: 'account name',
      text: (line) => cutToWidth(line.accountName, NAME_COLUMNS),
    },
    { field: 'region', title: 'region' },
    { field: 'status', title: 'status', color: ({ status }) => colorOfStatus(status) },
    {
      field: 'lastCompleteAt',
      title: 'last complete',
      text: (line, view) => timeText(line.lastCompleteAt, view),
    },
    { field: 'cause', title: 'cause' },
    { field: 'detail', title: 'detail' },
  ],
};

/** Green was read, red was not, yellow will be; a region that is off stands aside. */
export function colorOfStatus(status: string): Color | null {
  if (status === 'complete') return 'green';
  if (status === 'regionOff') return 'dim';
  return status === 'pending' || status === 'throttled' ? 'yellow' : 'red';
}
