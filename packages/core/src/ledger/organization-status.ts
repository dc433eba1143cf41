import { CAUSES, causeFacts, type Cause } from '../domain/cause.ts';
import type { Finding, Pause } from '../domain/control.ts';
import type { Ledger, SweepView } from '../ports/ledger.ts';
import { readFindings } from './read-findings.ts';

/** `status --json`: documented in docs/status-json.md. Absent values are null; every sum holds. */
export interface OrganizationStatus {
  readonly sweep: {
    readonly id: string | null;
    readonly state: 'running' | 'finished';
    readonly verdict: 'complete' | 'partial' | 'failed' | null;
    readonly startedAt: string | null;
    readonly finishedAt: string | null;
    readonly accounts: SweepView['accounts'];
    readonly targets: SweepView['targets'];
  };
  readonly instances: {
    readonly total: number;
    readonly byState: Readonly<Record<string, number>>;
    readonly byCause: Readonly<Record<string, number>>;
  };
  readonly commands: { readonly sent: number; readonly live: number };
  readonly labels: { readonly waiting: number };
  readonly aws: {
    readonly calls: Readonly<Record<string, number>>;
    readonly throttled: Readonly<Record<string, number>>;
  };
  readonly findings: readonly {
    readonly kind: string;
    readonly scope: string;
    readonly since: string;
    readonly message: string;
    readonly remedy: string;
  }[];
}

const NO_TARGETS: SweepView['targets'] = {
  total: 0,
  complete: 0,
  partial: 0,
  denied: 0,
  regionOff: 0,
  throttled: 0,
  failed: 0,
  pending: 0,
};

/**
 * Reads where the organization stands. Costs one small read per target that holds instances.
 *
 * @param reading findings that are being read anyway
 */
export async function readOrganizationStatus(
  ledger: Ledger,
  nowMs: number,
  reading: Promise<readonly Finding[]> = readFindings(ledger),
): Promise<OrganizationStatus> {
  const [sweep, counts, statistics, findings, reservations, pauses, labelsWaiting] = await Promise.all([
    ledger.coverage.sweep(nowMs),
    ledger.enrollments.counts(),
    ledger.statistics.read(),
    reading,
    ledger.control.reservations(),
    ledger.control.pauses(),
    ledger.labels.waiting(),
  ]);
  return {
    sweep: {
      id: sweep?.id ?? null,
      state: sweep !== null && sweep.finishedAtMs !== null ? 'finished' : 'running',
      verdict: sweep?.verdict ?? null,
      startedAt: isoTime(sweep?.startedAtMs ?? null),
      finishedAt: isoTime(sweep?.finishedAtMs ?? null),
      accounts: sweep?.accounts ?? { total: 0, denied: 0, inactive: 0 },
      targets: orderTargets(sweep?.targets ?? NO_TARGETS),
    },
    instances: {
      total: [...counts.states.values()].reduce((sum, count) => sum + count, 0),
      byState: sorted(counts.states),
      byCause: sorted(counts.causes),
    },
    commands: { sent: statistics.commandsSent, live: reservations.length },
    labels: { waiting: Math.max(0, labelsWaiting) },
    aws: { calls: sorted(statistics.calls), throttled: sorted(statistics.throttled) },
    findings: [
      ...pauses.filter((pause) => pause.by === 'operator').map(findingOfPause),
      ...findings.map(view),
    ],
  };
}

function view(finding: Finding): OrganizationStatus['findings'][number] {
  const { kind, scope, sinceMs, message, remedy } = finding;
  return { kind, scope, since: new Date(sinceMs).toISOString(), message, remedy };
}

/** A pause stops sends like a brake does, so it is told in the same place. */
function findingOfPause(pause: Pause): OrganizationStatus['findings'][number] {
  const flag = pause.scope === 'all' ? '--all' : `--${pause.scope.replace(':', ' ')}`;
  return {
    kind: 'paused',
    scope: pause.scope,
    since: new Date(pause.atMs).toISOString(),
    message: `An operator paused ${pause.scope}: ${pause.reason}`,
    remedy: `When it may go on, run: muster resume ${flag}`,
  };
}

/**
 * Whether nothing is on its way any more: every target read, and no instance between discovered and its end. Where an
 * inventory is configured, installed is not an end.
 */
export function isSettled(status: OrganizationStatus, hasInventory: boolean): boolean {
  const moving = ['discovered', 'queued', 'sending', 'installing', ...(hasInventory ? ['installed'] : [])];
  return (
    status.sweep.state === 'finished' &&
    status.commands.live === 0 &&
    moving.every((state) => (status.instances.byState[state] ?? 0) === 0)
  );
}

/** Title and remedy of a cause by its identifier; the identifier itself when it is not one of ours. */
export function describeCause(cause: string): { readonly title: string; readonly remedy: string } {
  return cause in CAUSES ? causeFacts(cause as Cause) : { title: cause, remedy: '' };
}

function orderTargets(targets: SweepView['targets']): SweepView['targets'] {
  const { total, complete, partial, denied, regionOff, throttled, failed, pending } = targets;
  return { total, complete, partial, denied, regionOff, throttled, failed, pending };
}

function sorted(counts: ReadonlyMap<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => a.localeCompare(b)));
}

function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
