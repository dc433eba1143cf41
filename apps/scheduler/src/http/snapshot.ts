import type { Finding, Pause } from '@muster/core/control/findings';
import type { Ledger } from '@muster/core/control/ledger';
import type { Mute } from '@muster/core/control/mute-store';
import { readFindings } from '@muster/core/control/standing-findings';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { EndedSweep } from '@muster/core/organization/sweep-store';
import { type OrganizationStatus, readOrganizationStatus } from '@muster/core/reports/organization-status';
import type { Wave } from '@muster/core/rollout/waves/wave';

/** Everything that the first pages of the console and the metrics show, read together. */
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

/** @param waves those of the configuration */
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
