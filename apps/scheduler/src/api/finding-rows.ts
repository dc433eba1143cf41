/** Findings, pauses and the causes of hosts as one list: all that is to be acted on. */
import type { FindingRow } from '@muster/api/findings';
import { causeFacts } from '@muster/core/enrollment/cause';
import {
  type FindingKind,
  ownerOfFinding,
  severityOfFinding,
  stopsSending,
} from '@muster/core/control/finding-kinds';
import {
  describePause,
  type Finding,
  idOfFinding,
  type Pause,
  severityOfPause,
} from '@muster/core/control/findings';
import { viewOfMute } from '@muster/core/control/mute-store';
import { SEVERITIES, severityOfCause } from '@muster/core/control/severity';
import type { Snapshot } from '../http/snapshot.ts';

/**
 * What an operator's list begins with: what stops sends, then what is urgent, then what has stood longest.
 *
 * @param accountsByCause as far as they are known
 */
export function rowsOfFindings(
  { findings, pauses, status, mutes, trendOf }: Snapshot,
  accountsByCause: ReadonlyMap<string, number> = new Map(),
): readonly FindingRow[] {
  const told = new Set<string>(
    findings.filter(({ kind }) => kind === 'brake-engaged').map(({ scope }) => scope),
  );
  const rows = [
    ...findings.map(rowOfFinding),
    ...pauses.filter(({ by, scope }) => by !== 'brake' || !told.has(scope)).map(rowOfPause),
    ...rowsOfCauses(status).map((row) => withPlaces(row, { accountsByCause, trendOf })),
  ].map((row) => ({ ...row, muted: viewOfMute(mutes.get(row.id)) }));
  return rows
    .map((row) => ({ row, urgency: urgencyOf(row) }))
    .toSorted((a, b) => inOrder(a.urgency, b.urgency) || inOrder(a.row.id, b.row.id))
    .map(({ row }) => row);
}

/**
 * A row's place in that list, as text that sorts by its characters: what is most urgent is least. It depends on the row alone,
 * so that a page can begin behind it when other rows have come and gone.
 */
export function urgencyOf(row: Pick<FindingRow, 'stopsSending' | 'severity' | 'since' | 'hosts'>): string {
  const { stopsSending: stops, severity, since, hosts } = row;
  const fewer = String(MOST_HOSTS - (hosts ?? 0)).padStart(String(MOST_HOSTS).length, '0');
  return [stops ? 0 : 1, SEVERITIES.indexOf(severity), since ?? NEVER, fewer].join(' ');
}

/** More hosts than there are. */
const MOST_HOSTS = 999_999_999;

/** In how many accounts its hosts are, and how many there were before. */
function withPlaces(
  row: FindingRow,
  {
    accountsByCause,
    trendOf,
  }: Pick<Snapshot, 'trendOf'> & { readonly accountsByCause: ReadonlyMap<string, number> },
): FindingRow {
  const cause = row.kind.slice(CAUSE.length);
  const trend = trendOf(cause);
  const isKnown = trend.hourAgo !== null || trend.dayAgo !== null;
  return { ...row, accounts: accountsByCause.get(cause) ?? null, trend: isKnown ? trend : null };
}

/** What the kind of a row begins with that is about the hosts of a cause. */
const CAUSE = 'cause:';

/** Behind every time as text. */
const NEVER = '~';

/** By their characters: a language's own order has signs before figures. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Kinds that count accounts, so that the list can say so. */
const OF_ACCOUNTS: ReadonlySet<string> = new Set(['accounts-not-read', 'accounts-unproven', 'failing-alike']);

/** What ends a finding, where an order of the operator does. */
const ACTS: Readonly<Partial<Record<string, FindingRow['act']>>> = {
  'hold-first-send': 'resume',
  'brake-engaged': 'resume',
  'inventory-drop': 'accept-inventory',
  'wave-unapproved': 'approve',
} satisfies Partial<Record<FindingKind, FindingRow['act']>>;

function rowOfFinding(finding: Finding): FindingRow {
  const { kind, scope, sinceMs, message, remedy, count = 1 } = finding;
  const stops = stopsSending(kind);
  return {
    id: idOfFinding(finding),
    kind,
    scope,
    severity: severityOfFinding(finding),
    owner: ownerOfFinding(finding),
    since: new Date(sinceMs).toISOString(),
    message,
    remedy,
    stopsSending: stops,
    act: ACTS[kind] ?? null,
    count,
    hosts: null,
    accounts: OF_ACCOUNTS.has(kind) ? count : null,
    trend: null,
    outputs: [],
    muted: null,
  };
}

function rowOfPause(pause: Pause): FindingRow {
  const { scope, atMs } = pause;
  return {
    id: `paused@${scope}`,
    kind: 'paused',
    scope,
    severity: severityOfPause(pause),
    owner: 'operator',
    since: new Date(atMs).toISOString(),
    ...describePause(pause),
    stopsSending: true,
    act: 'resume',
    count: 1,
    hosts: null,
    accounts: null,
    trend: null,
    outputs: [],
    muted: null,
  };
}

function rowsOfCauses({ instances, outputs }: Snapshot['status']): readonly FindingRow[] {
  return Object.entries(instances.byCause)
    .filter(([, hosts]) => hosts > 0)
    .map(([cause, hosts]) => {
      const { title, owner, remedy, handling } = causeFacts(cause);
      return {
        id: `cause:${cause}@cause:${cause}`,
        kind: `cause:${cause}`,
        scope: `cause:${cause}`,
        severity: severityOfCause(owner),
        owner,
        since: null,
        message: title,
        remedy,
        stopsSending: false,
        // What is only looked at again by each scan has no attempt that could be brought forward.
        act: handling === 'recheck' ? null : ('retry' as const),
        count: hosts,
        hosts,
        accounts: null,
        trend: null,
        outputs: outputs.filter((one) => one.cause === cause).map(({ cause: _cause, ...output }) => output),
        muted: null,
      };
    });
}
