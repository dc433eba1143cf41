import type { MusterConfig } from '@muster/core/config/model';
import type { Finding, Pause } from '@muster/core/control/findings';
import type { Ledger } from '@muster/core/control/ledger';
import type { Mute } from '@muster/core/control/mute-store';
import { readFindings } from '@muster/core/control/standing-findings';
import { readCauseTrend } from '@muster/core/history/read-history';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { EndedSweep } from '@muster/core/organization/sweep-store';
import { type OrganizationStatus, readOrganizationStatus } from '@muster/core/reports/organization-status';

/** Everything that the first pages of the console and the metrics show, read together. */
export interface Snapshot {
  readonly status: OrganizationStatus;
  readonly findings: readonly Finding[];
  readonly pauses: readonly Pause[];
  readonly inventory: InventoryFacts;
  /** By the id of what they mute. */
  readonly mutes: ReadonlyMap<string, Mute>;
  /** Hosts of a cause an hour and a day ago. */
  readonly trendOf: Awaited<ReturnType<typeof readCauseTrend>>;
  /** The newest first. */
  readonly endedSweeps: readonly EndedSweep[];
}

/** @param config as it is now */
export async function readSnapshot(
  ledger: Ledger,
  nowMs: number,
  { rollout, speed }: Pick<MusterConfig, 'rollout' | 'speed'>,
): Promise<Snapshot> {
  const reading = readFindings(ledger);
  const [status, findings, pauses, inventory, mutes, endedSweeps, trendOf] = await Promise.all([
    readOrganizationStatus(ledger, nowMs, reading, rollout.waves),
    reading,
    ledger.control.pauses(),
    ledger.nodes.facts(),
    ledger.mutes.standing(nowMs),
    ledger.coverage.endedSweeps(),
    readCauseTrend(ledger, speed, nowMs),
  ]);
  return { status, findings, pauses, inventory, mutes, endedSweeps, trendOf };
}
