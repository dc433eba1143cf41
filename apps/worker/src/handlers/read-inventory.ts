import { messageOf } from '@muster/core/domain/errors';
import { ORGANIZATION_MEMBER } from '@muster/core/domain/due';
import type { JobContext } from '@muster/core/jobs/outcome';
import type { MislabeledNode, TeleportNode } from '@muster/core/ports/teleport';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { MOST_MISLABELED, reportMislabeled } from '../records/report-mislabeled.ts';

type Result = { nodes: number; published: boolean; error: string | null };

/** Nodes held in memory at once, whatever the fleet's size. */
const CHUNK = 1_000;
/** A fleet smaller than this may lose any share of its nodes without our being alarmed. */
const SMALL_FLEET = 20;
const LEASE_MS = 10 * 60_000;

/**
 * Reads Teleport's inventory into the ledger as a new snapshot, visible only when it is complete. One that lost too
 * many nodes is not believed: an identity that suddenly sees less must not cause reinstalls.
 */
export async function handleReadInventory(
  _payload: object,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  const { inventory } = deps.config;
  return doDueWork(deps, 'inventory', ORGANIZATION_MEMBER, LEASE_MS, async () => {
    if (inventory.kind === 'none') {
      return { nextAtMs: null, result: { nodes: 0, published: false, error: null } };
    }
    const begunAtMs = deps.clock.now();
    try {
      const mislabeled: MislabeledNode[] = [];
      const count = await copyNodes(`g${begunAtMs}`, 3 * inventory.freshnessMs, mislabeled, ctx, deps);
      await reportMislabeled(mislabeled, deps);
      return await publish(`g${begunAtMs}`, begunAtMs, count, inventory, ctx, deps);
    } catch (error) {
      return fail(messageOf(error), error, ctx, deps);
    }
  });
}

async function copyNodes(
  generation: string,
  ttlMs: number,
  mislabeled: MislabeledNode[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<number> {
  let count = 0;
  let chunk: TeleportNode[] = [];
  const now = deps.clock.now();
  const nodes = deps.teleport.listNodes(ctx.signal, (node) => {
    if (mislabeled.length < MOST_MISLABELED) mislabeled.push(node);
  });
  for await (const node of nodes) {
    if (node.expiresAtMs !== null && node.expiresAtMs < now) continue;
    chunk.push(node);
    count += 1;
    if (chunk.length < CHUNK) continue;
    await deps.ledger.nodes.addNodes(generation, chunk, ttlMs);
    chunk = [];
  }
  await deps.ledger.nodes.addNodes(generation, chunk, ttlMs);
  return count;
}

async function publish(
  generation: string,
  begunAtMs: number,
  count: number,
  inventory: { readonly maxDropShare: number; readonly refreshMs: number },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const before = await deps.ledger.nodes.facts();
  const now = deps.clock.now();
  if (before.nodes >= SMALL_FLEET && count < before.nodes * (1 - inventory.maxDropShare)) {
    const error = `drop: the inventory went from ${before.nodes} nodes to ${count}`;
    await deps.ledger.nodes.fail(error);
    await deps.ledger.control.raise({
      kind: 'inventory-drop',
      scope: 'all',
      sinceMs: now,
      message: `Sends are held: ${error.slice(6)}.`,
      remedy:
        'Check what the identity of tctl may see (node_labels, namespaces). When the nodes are really gone, run: muster resume --all',
    });
    ctx.log.error({ before: before.nodes, nodes: count }, 'inventory dropped');
    return { nextAtMs: now + inventory.refreshMs, result: { nodes: count, published: false, error } };
  }
  await deps.ledger.nodes.publish({ generation, readAtMs: begunAtMs, nodes: count, error: null });
  await deps.ledger.control.clear('inventory-drop', 'all');
  await deps.ledger.control.clear('inventory-unavailable', 'all');
  // While somebody waits to be seen the inventory is read often, but never so that reading it is all we do.
  const { all: waiting } = await deps.ledger.due.size('verify', now);
  const pauseMs = waiting > 0 ? Math.max(deps.timings.retryMs, 4 * (now - begunAtMs)) : inventory.refreshMs;
  return {
    nextAtMs: now + Math.min(pauseMs, inventory.refreshMs),
    result: { nodes: count, published: true, error: null },
  };
}

async function fail(
  message: string,
  error: unknown,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  // A loss of nodes goes on holding the sends until a reading or an operator has cleared it.
  const before = await deps.ledger.nodes.facts();
  if (before.error?.startsWith('drop') !== true) await deps.ledger.nodes.fail(message);
  await deps.ledger.control.raise({
    kind: 'inventory-unavailable',
    scope: 'all',
    sinceMs: deps.clock.now(),
    message: `The node inventory could not be read: ${message}`,
    remedy:
      'Run the command by hand: tctl get nodes --format=json. Nothing is sent while the last inventory is too old.',
  });
  ctx.log.warn({ err: error }, 'inventory not read');
  return {
    nextAtMs: deps.clock.now() + 2 * deps.timings.retryMs,
    result: { nodes: 0, published: false, error: message },
  };
}
