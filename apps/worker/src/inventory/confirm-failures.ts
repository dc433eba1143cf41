import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import type { HandlerDeps } from '../deps.ts';

const LOOK_MS = 200;

/**
 * The last look of a run that ends by itself. A command that SSM calls undeliverable or timed out may have run all the
 * same: a host in an inventory begun after everything ended has joined, whatever its command said.
 *
 * @param patienceMs how long a fresh inventory is waited for; without one nothing changes
 * @returns how many had joined
 */
export async function confirmFailures(
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
  patienceMs: number,
): Promise<number> {
  if (deps.config.inventory.kind === 'none' || !(await readAfresh(deps, patienceMs))) return 0;
  let joined = 0;
  for (const target of await deps.ledger.enrollments.targetsWith({ state: 'failed' })) {
    const records = await deps.ledger.enrollments.readAll(target);
    const failed = new Map([...records].filter(([, { value }]) => value.state === 'failed'));
    const nodes = await deps.ledger.nodes.find(target.accountId, [...failed.keys()]);
    const eventsOf = (nodeId: string | undefined): readonly EnrollmentEvent[] =>
      nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
    joined += (await applyEvents(deps, target, failed, (id) => eventsOf(nodes.get(id)))).length;
  }
  return joined;
}

/** Has the inventory read, and waits for a snapshot that was begun from now on. */
async function readAfresh(
  { ledger, clock }: Pick<HandlerDeps, 'ledger' | 'clock'>,
  patienceMs: number,
): Promise<boolean> {
  const askedAtMs = clock.now();
  await ledger.due.schedule('inventory', [{ member: ORGANIZATION_MEMBER, inMs: 0 }]);
  while (clock.now() < askedAtMs + patienceMs) {
    if ((await ledger.nodes.facts()).readAtMs >= askedAtMs) return true;
    await clock.sleep(LOOK_MS);
  }
  return false;
}
