import { isJobError, type ErrorCode, messageOf } from '@muster/core/runtime/errors';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { AccountId } from '@muster/core/organization/ids';
import type { JobContext } from '@muster/core/jobs/define-job';
import { createNodeDigests } from '@muster/core/inventory/snapshot-comparison-store';
import type { TeleportNode } from '@muster/core/inventory/teleport-port';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { tellMissing } from './tell-missing.ts';
import { lookForOtherDiscovery } from './look-for-other-discovery.ts';
import { createOddNodes, type OddNodes } from './odd-nodes.ts';

type Result = { nodes: number; published: boolean; error: string | null };

/** Nodes held in memory at once, whatever the fleet's size. */
const CHUNK = 1_000;
/** So many nodes may vanish at once, whatever their share: in a small fleet that is nothing odd. Not all of them: see `isDrop`. */
const FEW_NODES = 3;
/** A reading that is silent for this long is told of, unless the last one took about as long. Real time. */
const SILENT_MS = 30_000;

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
  return doDueWork(deps, 'inventory', ORGANIZATION_MEMBER, async () => {
    if (inventory.kind === 'none') {
      return { nextInMs: null, result: { nodes: 0, published: false, error: null } };
    }
    const begunAtMs = deps.clock.now();
    const snapshot: Snapshot = {
      generation: `g${begunAtMs}`,
      begunAtMs,
      ttlMs: 3 * inventory.freshnessMs,
      accounts: new Set(),
      digests: createNodeDigests(),
      odd: createOddNodes(deps, begunAtMs),
    };
    const endSilence = await tellOfSilence(deps);
    try {
      await lookForOtherDiscovery(ctx, deps);
      const count = await copyNodes(snapshot, ctx, deps);
      await snapshot.odd.report();
      return await publish(snapshot, { count, inventory }, ctx, deps);
    } catch (error) {
      return await fail(deps.redact(messageOf(error)), error, ctx, deps);
    } finally {
      endSilence();
    }
  });
}

/** A snapshot that is being written. */
interface Snapshot {
  readonly generation: string;
  readonly begunAtMs: number;
  readonly ttlMs: number;
  /** The accounts that it has nodes of so far. */
  readonly accounts: Set<AccountId>;
  readonly digests: ReturnType<typeof createNodeDigests>;
  readonly odd: OddNodes;
}

async function copyNodes(
  { generation, begunAtMs, ttlMs, accounts, digests, odd }: Snapshot,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'teleport'>,
): Promise<number> {
  let count = 0;
  let chunk: TeleportNode[] = [];
  const write = async (): Promise<void> => {
    for (const { accountId } of chunk) accounts.add(accountId);
    await deps.ledger.nodes.addNodes(generation, chunk, ttlMs);
    chunk = [];
  };
  try {
    for await (const node of deps.teleport.listNodes(ctx.signal, odd.note)) {
      if (node.expiresAtMs !== null && node.expiresAtMs < begunAtMs) continue;
      chunk.push(node);
      digests.add(node);
      count += 1;
      if (chunk.length < CHUNK) continue;
      await write();
      await odd.lookUp();
    }
    await write();
    return count;
  } catch (error) {
    // A tctl that goes wrong again and again must not fill Redis with beginnings.
    await deps.ledger.nodes.discard(generation, [...accounts]);
    throw error;
  }
}

/**
 * Raises the finding while tctl is still silent, so that an operator need not wait for the end of its time to learn why
 * nothing is sent. A large cluster takes its time, so the last complete reading says what is long.
 *
 * @returns to be called when the reading has ended
 */
async function tellOfSilence(deps: Pick<HandlerDeps, 'ledger' | 'clock'>): Promise<() => void> {
  const { tookMs = 0 } = await deps.ledger.nodes.facts();
  const silentMs = Math.max(SILENT_MS, 2 * tookMs);
  return deps.clock.after(silentMs, () => {
    const message = `tctl has not answered for ${Math.round(silentMs / 1_000)} s. The nodes of the last complete reading count meanwhile.`;
    // The reading itself goes on, and tells of a Redis that is away.
    raiseUnavailable(message, 'teleport.unavailable', deps).catch(() => undefined);
  });
}

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  'teleport.denied':
    'Renew the identity of tctl (is tbot running?), and let its role list and read node with node_labels {"*": "*"} (docs/inventory.md).',
  'teleport.invalid':
    'Run the command by hand where the worker runs: tctl get nodes --format=json. It must print one JSON array of nodes and nothing after it.',
};
const REMEDY =
  'Run the command by hand where the worker runs: tctl get nodes --format=json. Check its address and identity (muster.inventory.args), the network and proxies; where it only takes long, raise muster.inventory.timeout.';

async function raiseUnavailable(
  message: string,
  code: ErrorCode | null,
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  const remedy = (code === null ? undefined : REMEDIES[code]) ?? REMEDY;
  await deps.ledger.control.raise({
    kind: 'inventory-unavailable',
    scope: 'all',
    sinceMs: deps.clock.now(),
    message,
    remedy: `${remedy} Nothing is sent while the last inventory is too old (muster.inventory.freshness).`,
  });
}

/**
 * Whether so many nodes vanished at once that an identity which sees less is likelier than hosts that are gone. One that sees
 * nothing lists nothing: that is not believed of a fleet of several, or all of it would be lost and repaired. An operator who
 * sets the share to 1 believes every reading.
 */
function isDrop(before: number, count: number, maxDropShare: number): boolean {
  const lost = before - count;
  return lost > before * maxDropShare && lost > (count === 0 ? 1 : FEW_NODES);
}

async function publish(
  { generation, begunAtMs, ttlMs, digests: { digests } }: Snapshot,
  {
    count,
    inventory,
  }: {
    /** Nodes of the snapshot. */
    readonly count: number;
    readonly inventory: { readonly maxDropShare: number; readonly refreshMs: number };
  },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const before = await deps.ledger.nodes.facts();
  const now = deps.clock.now();
  if (isDrop(before.nodes, count, inventory.maxDropShare)) {
    const error = `the inventory went from ${before.nodes} nodes to ${count}`;
    await deps.ledger.nodes.fail(error, count);
    await deps.ledger.control.clear('inventory-unavailable', 'all');
    await deps.ledger.control.raise({
      kind: 'inventory-drop',
      scope: 'all',
      sinceMs: now,
      message: `Sends are held: ${error}.`,
      remedy:
        'Check what the identity of tctl may see (node_labels, namespaces). When the nodes are really gone, run: muster resume --all',
    });
    ctx.log.error({ before: before.nodes, nodes: count }, 'inventory dropped');
    return { nextInMs: inventory.refreshMs, result: { nodes: count, published: false, error } };
  }
  const tookMs = Math.max(0, now - begunAtMs);
  // Nodes that were written at the beginning end first.
  await deps.ledger.nodes.putDigests(generation, digests(), Math.max(1, ttlMs - tookMs));
  const comparedSinceMs = await tellMissing(before, { generation, begunAtMs, digests: digests() }, ctx, deps);
  await deps.ledger.nodes.publish({
    generation,
    begunAtMs,
    nodes: count,
    error: null,
    dropped: false,
    tookMs,
    comparedSinceMs,
  });
  await deps.ledger.control.clear('inventory-drop', 'all');
  await deps.ledger.control.clear('inventory-unavailable', 'all');
  // While a host waits to be seen the inventory is read often, but never so that reading it is all we do.
  const { all: waiting } = await deps.ledger.due.count('verify');
  const pauseMs = waiting > 0 ? Math.max(deps.timings.retryMs, 4 * (now - begunAtMs)) : inventory.refreshMs;
  return {
    nextInMs: Math.min(pauseMs, inventory.refreshMs),
    result: { nodes: count, published: true, error: null },
  };
}

async function fail(
  message: string,
  error: unknown,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
): Promise<DueOutcome<Result>> {
  // A loss of nodes goes on holding the sends until a reading or an operator has cleared it.
  const before = await deps.ledger.nodes.facts();
  if (!before.dropped) await deps.ledger.nodes.fail(message);
  const code = isJobError(error) ? error.code : null;
  await raiseUnavailable(`The node inventory could not be read: ${message}`, code, deps);
  ctx.log.warn({ err: error }, 'inventory not read');
  return {
    nextInMs: 2 * deps.timings.retryMs,
    result: { nodes: 0, published: false, error: message },
  };
}
