import type { MusterConfig } from '@muster/core/config/model';
import {
  type Finding,
  type FindingKind,
  ownerOfFinding,
  type Pause,
  PAUSERS,
} from '@muster/core/control/findings';
import type { Ledger } from '@muster/core/control/ledger';
import type { Mute } from '@muster/core/control/mute-store';
import { scopeFlag } from '@muster/core/control/scope';
import { readFindings } from '@muster/core/control/standing-findings';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { EndedSweep } from '@muster/core/organization/sweep-store';
import { type OrganizationStatus, readOrganizationStatus } from '@muster/core/reports/organization-status';
import type { Wave } from '@muster/core/rollout/waves/wave';
import type { Reading } from './cached-read.ts';
import { type CauseText, explainCause, ownerPhrase } from './row-texts.ts';

/** Everything the page and the metrics show, read together. */
export interface Snapshot {
  readonly status: OrganizationStatus;
  readonly findings: readonly Finding[];
  readonly pauses: readonly Pause[];
  readonly inventory: InventoryFacts;
  /** By the id of what they mute. */
  readonly mutes: ReadonlyMap<string, Mute>;
  /** The newest first. */
  readonly endedSweeps: readonly EndedSweep[];
}

export async function readSnapshot(
  ledger: Ledger,
  nowMs: number,
  waves: readonly Wave[] = [],
): Promise<Snapshot> {
  const reading = readFindings(ledger);
  const [status, findings, pauses, inventory, mutes, endedSweeps] = await Promise.all([
    readOrganizationStatus(ledger, nowMs, reading, waves),
    reading,
    ledger.control.pauses(),
    ledger.nodes.facts(),
    ledger.mutes.standing(nowMs),
    ledger.coverage.endedSweeps(),
  ]);
  return { status, findings, pauses, inventory, mutes, endedSweeps };
}

/** `/api/status`: what the page draws. */
export interface ConsoleView {
  /** Null when nothing could ever be read. */
  readonly readAt: string | null;
  /** By this server's clock, so that a viewer's own does not matter; null with `readAt`. */
  readonly ageMs: number | null;
  /** Why the data is not fresh; null when it is. */
  readonly unavailable: string | null;
  readonly proxyServer: string | null;
  readonly discoveryGroup: string;
  readonly pollIntervalMs: number;
  /** What `muster status --json` prints. Null when nothing could ever be read. */
  readonly status: OrganizationStatus | null;
  /** The largest first. */
  readonly causes: readonly (CauseText & { readonly count: number })[];
  readonly attention: readonly AttentionItem[];
  /** The last complete node inventory; null before the first, and when none is configured. */
  readonly inventory: {
    readonly nodes: number;
    readonly readAt: string;
    readonly error: string | null;
  } | null;
}

export type ViewSettings = Pick<MusterConfig, 'proxyServer' | 'discoveryGroup' | 'pollIntervalMs'>;

export function viewOf(reading: Reading<Snapshot>, settings: ViewSettings, nowMs: number): ConsoleView {
  const { value, readAtMs, error } = reading;
  return {
    readAt: readAtMs === null ? null : new Date(readAtMs).toISOString(),
    ageMs: readAtMs === null ? null : Math.max(0, nowMs - readAtMs),
    unavailable: error,
    proxyServer: settings.proxyServer,
    discoveryGroup: settings.discoveryGroup,
    pollIntervalMs: settings.pollIntervalMs,
    status: value?.status ?? null,
    causes: value === null ? [] : causesOf(value.status),
    attention: value === null ? [] : listAttention(value.findings, value.pauses),
    inventory: value === null ? null : inventoryOf(value.inventory),
  };
}

function causesOf(status: OrganizationStatus): ConsoleView['causes'] {
  return Object.entries(status.instances.byCause)
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => ({ ...explainCause(cause), count }))
    .toSorted((a, b) => b.count - a.count || a.cause.localeCompare(b.cause));
}

function inventoryOf(facts: InventoryFacts): ConsoleView['inventory'] {
  if (facts.generation === null) return null;
  return { nodes: facts.nodes, readAt: new Date(facts.begunAtMs).toISOString(), error: facts.error };
}

/** Something an operator should act on, with what to do. */
interface AttentionItem {
  readonly kind: Finding['kind'] | 'paused';
  readonly scope: string;
  /** Whether nothing is sent in its scope while it lasts. */
  readonly stopsSending: boolean;
  readonly sinceMs: number;
  readonly message: string;
  readonly remedy: string;
  /** Who must act, as a phrase. */
  readonly owner: string;
}

const STOPS_SENDING: Readonly<Partial<Record<string, boolean>>> = {
  'hold-first-send': true,
  'redis-without-password': false,
  'redis-not-durable': false,
  'redis-refuses-writes': true,
  'redis-unsafe': false,
  'paused-by-configuration': true,
  'clock-off': false,
  'accounts-not-read': false,
  'targets-not-read': false,
  'host-management-off': false,
  'aws-unanswered': false,
  'failing-alike': false,
  'sends-wait': false,
  'brake-engaged': true,
  'ramp-stopped': true,
  'inventory-unavailable': false,
  'inventory-drop': true,
  'config-skew': false,
  'change-held': false,
  'ledger-epoch-changed': false,
  'ledger-rebuilt': false,
  'two-live-commands': false,
  'account-list-failed': false,
  'command-not-canceled': false,
  'ledger-unreadable': false,
  'send-refused': false,
  'labels-denied': false,
  'labels-failed': false,
  'other-discovery': true,
  'cleanup-denied': false,
  'cleanup-failed': false,
  'cleanup-held': false,
  'node-labels-wrong': false,
  'nodes-contradict': false,
  'nodes-unreadable': false,
  'config-invalid': false,
  'config-restart-needed': false,
  'account-tags-denied': false,
  'marker-key-missing': false,
  'foreign-markers': false,
  'cap-blocked': true,
  'ledger-untrusted': false,
  'accounts-unproven': false,
  'organization-mismatch': true,
  'wave-unapproved': true,
  'audit-not-exported': false,
  'notify-failed': false,
} satisfies Record<FindingKind, boolean>;

/** Whether nothing is sent in the scope of a finding of this kind while it stands. */
export function stopsSending(kind: string): boolean {
  return STOPS_SENDING[kind] ?? false;
}

/**
 * Findings and pauses as one list: what stops sending first, then the oldest. A pause that the brake made is told by the
 * brake's own finding.
 */
export function listAttention(
  findings: readonly Finding[],
  pauses: readonly Pause[],
): readonly AttentionItem[] {
  const told = new Set<string>(
    findings.filter(({ kind }) => kind === 'brake-engaged').map(({ scope }) => scope),
  );
  const items: readonly AttentionItem[] = [
    ...findings.map((finding) => ({
      ...finding,
      stopsSending: stopsSending(finding.kind),
      owner: ownerPhrase(ownerOfFinding(finding)),
    })),
    ...pauses.filter(({ by, scope }) => by !== 'brake' || !told.has(scope)).map(pauseItem),
  ];
  return items.toSorted((a, b) => Number(b.stopsSending) - Number(a.stopsSending) || a.sinceMs - b.sinceMs);
}

function pauseItem({ scope, by, atMs, reason }: Pause): AttentionItem {
  return {
    kind: 'paused',
    scope,
    stopsSending: true,
    sinceMs: atMs,
    message: `${PAUSERS[by]} paused sending${reason === '' ? '.' : `: ${reason}`}`,
    remedy: `When it may go on, run: muster resume ${scopeFlag(scope)}`,
    owner: ownerPhrase('operator'),
  };
}
