import { causeFacts } from '@muster/core/enrollment/cause';
import type { Color } from '../guarded-output.ts';
import type { List, ListColumn } from './list.ts';
import { timeText } from './relative-time.ts';
import { cutToWidth } from './table.ts';

/** One line of `muster instances --json` (docs/status-json.md). Absent values are null, times ISO 8601 in UTC. */
export interface InstanceLine {
  readonly instanceId: string;
  /** Its `Name` tag; empty without. Untrusted. */
  readonly name: string;
  readonly accountId: string;
  /** Empty where no listing of the organization has shown it. Untrusted. */
  readonly accountName: string;
  readonly region: string;
  readonly state: string;
  readonly cause: string | null;
  readonly since: string;
  readonly attempts: number;
  /** When it is tried next, where a time is known: of a failed one, and of a queued one that waits for its back-off. */
  readonly nextAttemptAt: string | null;
  /** Why a queued, lost or failed one is not tried now: `back-off`, `repair`, `turn`, or what its target's sends wait for. */
  readonly waitsFor: string | null;
  readonly commandId: string | null;
  readonly nodeId: string | null;
  readonly exitCode: number | null;
  /** The tail of the newest failed attempt's output. Untrusted text. Null through the API: `muster explain` has it. */
  readonly output: string | null;
  readonly platform: string | null;
  readonly wave: string | null;
}

const NAME_COLUMNS = 24;

export const INSTANCE_LIST: List<InstanceLine> = {
  noun: 'instances',
  fields: [
    'instanceId',
    'name',
    'accountId',
    'accountName',
    'region',
    'state',
    'cause',
    'since',
    'attempts',
    'nextAttemptAt',
    'waitsFor',
    'commandId',
    'nodeId',
    'exitCode',
    'output',
    'platform',
    'wave',
  ],
  columns: [
    { field: 'instanceId', title: 'instance' },
    { field: 'name', title: 'name', text: ({ name }) => cutToWidth(name, NAME_COLUMNS) },
    { field: 'accountId', title: 'account' },
    {
      field: 'accountName',
      title: 'account name',
      text: ({ accountName }) => cutToWidth(accountName, NAME_COLUMNS),
    },
    { field: 'region', title: 'region' },
    { field: 'state', title: 'state', color: ({ state }) => colorOfState(state) },
    { field: 'since', title: 'since', text: ({ since }, view) => timeText(since, view) },
    { field: 'cause', title: 'cause', text: ({ cause }) => cause ?? '' },
    { field: 'waitsFor', title: 'waits for', text: ({ waitsFor }) => waitsFor ?? '' },
    {
      field: 'nextAttemptAt',
      title: 'next attempt',
      text: ({ nextAttemptAt }, view) => timeText(nextAttemptAt, view),
    },
  ] satisfies readonly ListColumn<InstanceLine>[],
};

/** Green has joined, red needs an act, yellow is on its way; what is none of Muster's business stands aside. */
export function colorOfState(state: string): Color | null {
  if (state === 'joined') return 'green';
  if (state === 'failed' || state === 'lost' || state === 'ineligible') return 'red';
  if (state === 'stopped' || state === 'unmatched' || state === 'gone') return 'dim';
  return 'yellow';
}

/** The title of a cause as people read it; empty without. */
export function titleOf(cause: string | null): string {
  return cause === null ? '' : causeFacts(cause).title;
}
