import { applyEvents } from '@muster/core/enrollment/apply-events';
import type { InventoryFacts } from '@muster/core/inventory/node-store';
import type { NodeDigests, VanishedNodes } from '@muster/core/inventory/snapshot-comparison-store';
import type { JobContext } from '@muster/core/jobs/define-job';
import { targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';

/**
 * Tells the records of hosts that had joined that a complete reading misses their nodes: those that the snapshot before shows
 * and the new one does not. Before the new one is published: a worker that is killed in between compares the same two again.
 *
 * @returns since when snapshots are compared without a gap, for the facts of the new one
 */
export async function tellMissing(
  before: InventoryFacts,
  next: { readonly generation: string; readonly begunAtMs: number; readonly digests: NodeDigests },
  { log }: Pick<JobContext, 'log'>,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
): Promise<number> {
  const vanished = await deps.ledger.nodes.vanished(before, next);
  if (vanished === null) return next.begunAtMs;
  let told = 0;
  for await (const some of vanished) {
    told += await tell(some, { sinceMs: next.begunAtMs, lastSeenAtMs: before.begunAtMs }, deps);
  }
  if (told > 0) log.info({ hosts: told }, 'nodes of joined hosts are missing');
  return before.comparedSinceMs ?? next.begunAtMs;
}

async function tell(
  { accountId, instanceIds }: VanishedNodes,
  missing: { readonly sinceMs: number; readonly lastSeenAtMs: number },
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
): Promise<number> {
  const { enrollments } = deps.ledger;
  const targets = await enrollments.targetsOf(instanceIds);
  const byTarget = Map.groupBy(targets, ([, target]) => targetId(target));
  let told = 0;
  for (const list of byTarget.values()) {
    const target = list[0]?.[1];
    // A node that names an instance of another account says nothing of that account's host.
    if (target?.accountId !== accountId) continue;
    const records = await enrollments.read(
      target,
      list.map(([id]) => id),
    );
    const written = await applyEvents(deps, target, records, () => [{ kind: 'node-missing', ...missing }]);
    told += written.length;
  }
  return told;
}
