import type { MusterConfig } from '@muster/core/config/model';
import type { Finding, Pause } from '@muster/core/control/control';
import { readFindings } from '@muster/core/control/standing-findings';
import { readOrganizationStatus, type OrganizationStatus } from '@muster/core/reports/organization-status';
import { listAttention, type AttentionItem } from './attention.ts';
import type { Reading } from './cached-read.ts';
import { explainCause, type CauseText } from './cause-row.ts';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { Ledger } from '@muster/core/control/ledger';

/** Everything the page and the metrics show, read together. */
export interface Snapshot {
  readonly status: OrganizationStatus;
  readonly findings: readonly Finding[];
  readonly pauses: readonly Pause[];
  readonly inventory: InventoryFacts;
}

export async function readSnapshot(ledger: Ledger, nowMs: number): Promise<Snapshot> {
  const reading = readFindings(ledger);
  const [status, findings, pauses, inventory] = await Promise.all([
    readOrganizationStatus(ledger, nowMs, reading),
    reading,
    ledger.control.pauses(),
    ledger.nodes.facts(),
  ]);
  return { status, findings, pauses, inventory };
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
  return { nodes: facts.nodes, readAt: new Date(facts.readAtMs).toISOString(), error: facts.error };
}
