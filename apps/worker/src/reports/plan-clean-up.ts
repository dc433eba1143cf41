import type { VanishedNode } from '@muster/core/inventory/clean-up';
import { CLEAN_UP_ACCOUNTS, CLEAN_UP_NODES, type CleanUpReading } from '@muster/core/reports/plan/plan-part';
import { countByAccount, findHeld, findVanished } from '../inventory/vanished-nodes.ts';
import type { ReportDeps } from './report-part.ts';

/**
 * What clean-up would remove from Teleport, by the functions with which it proposes. EC2 is not asked: that costs calls for
 * each target, and clean-up asks again before each removal anyway.
 *
 * @returns null where nothing is recorded, or no inventory was read: what would go is not known then
 */
export async function planCleanUp(
  deps: Pick<ReportDeps, 'ledger' | 'config' | 'clock' | 'installation'>,
): Promise<CleanUpReading | null> {
  const { ledger, config, clock, installation } = deps;
  if (!('nodes' in ledger)) return null;
  if ((await ledger.nodes.facts()).generation === null) return null;
  const recorded = { ledger, config, clock, installation };
  const vanished = await findVanished(recorded);
  const held = await findHeld(vanished, recorded);
  const byAccount = countByAccount(vanished);
  return {
    enabled: config.cleanup.enabled,
    nodes: vanished.length,
    accounts: byAccount.length,
    held: held.isApproved ? 0 : held.nodes.length,
    perHour: config.cleanup.perHour,
    maxShare: config.cleanup.maxShare,
    byAccount: byAccount.slice(0, CLEAN_UP_ACCOUNTS),
    longestGone: vanished
      .toSorted((a, b) => a.goneAtMs - b.goneAtMs || a.instanceId.localeCompare(b.instanceId))
      .slice(0, CLEAN_UP_NODES)
      .map(nameNode),
  };
}

function nameNode({
  target,
  instanceId,
  nodeId,
  why,
  goneAtMs,
}: VanishedNode): CleanUpReading['longestGone'][number] {
  return { ...target, instanceId, nodeId, why, goneSince: new Date(goneAtMs).toISOString() };
}
