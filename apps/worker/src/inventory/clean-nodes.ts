import { percent, plural } from '@muster/core/runtime/wording';
import { noteOwnAct } from '@muster/core/control/audit/own-acts';
import { pausedBy } from '@muster/core/control/scope';
import type { HeldShare, VanishedNode } from '@muster/core/inventory/clean-up';
import { NodeName } from '@muster/core/inventory/teleport-port';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { AccountId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError } from '@muster/core/runtime/errors';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { readFreeze } from '@muster/core/rollout/gate-facts';
import { CLEANUP_APPROVAL, countByAccount, findHeld, findVanished, proveVanished } from './vanished-nodes.ts';
import { askSendPermission } from '../rollout/send-permission.ts';

type Result = { removed: number; left: number; stopped: string | null };

/** A job's turn; then the next job in the same queue has its own. Real time. */
const TURN_MS = 60_000;
/** Instances that EC2 is asked for in one call. */
const CHUNK = 50;
/** By how much what an operator approved may grow before it is asked for again. */
const GROW = 0.1;

/**
 * Removes from Teleport the nodes of instances that are no more: found in the ledger, proven in EC2 and in Teleport right before
 * each removal. Nothing of it is remembered but how many were removed within the hour, so a kill between any two lines only
 * leaves the rest to the next job.
 */
export async function handleCleanNodes(
  _payload: object,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'cleanup', ORGANIZATION_MEMBER, async () => {
    if (!deps.config.cleanup.enabled) {
      await clearFindings(['cleanup-held', 'cleanup-denied', 'cleanup-failed'], deps);
      return ended(null, { removed: 0, left: 0, stopped: 'off' });
    }
    const permission = await askSendPermission(deps, 'clean-up');
    if (permission.kind === 'withheld') {
      return ended(deps.timings.heldMs, { removed: 0, left: 0, stopped: permission.reason });
    }
    const vanished = await findVanished(deps);
    if (vanished.length === 0) await clearFindings(['cleanup-denied', 'cleanup-failed'], deps);
    const held = await holdShares(vanished, deps);
    const paused = new Set<string>(permission.pauses.map(({ scope }) => scope));
    const free = vanished.filter(({ target, instanceId }) => {
      const place = { ...target, instanceId, cause: null };
      return pausedBy(held, place) === null && pausedBy(paused, place) === null;
    });
    return removeNodes(free, vanished.length, ctx, deps);
  });
}

function ended(nextInMs: number | null, result: Result): DueOutcome<Result> {
  return { nextInMs, result };
}

/** Tells of shares that are too large to go at once, and takes back what is over. @returns the scopes whose nodes stay */
async function holdShares(
  vanished: readonly VanishedNode[],
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'installation'>,
): Promise<ReadonlySet<string>> {
  const { ledger, config, clock } = deps;
  const { shares, nodes, accounts, isApproved } = await findHeld(vanished, deps);
  if (shares.length === 0) await ledger.approvals.withdraw(CLEANUP_APPROVAL);
  if (shares.length === 0 || isApproved) {
    await ledger.control.clear('cleanup-held', 'all');
    return new Set();
  }
  const text = describeShares(shares);
  await ledger.approvals.ask({
    subject: CLEANUP_APPROVAL,
    hosts: nodes.length,
    accounts,
    grow: GROW,
    detail: `Nodes are removed: ${text}. By account: ${describeAccounts(nodes)}.`,
  });
  await ledger.control.raise({
    kind: 'cleanup-held',
    scope: 'all',
    sinceMs: clock.now(),
    message: `Too many nodes are to be removed from Teleport at once (more than ${percent(config.cleanup.maxShare)}, muster.cleanup.max_share), so clean-up removes none of these: ${text}. Two complete readings no longer show their instances or accounts.`,
    remedy:
      'See which instances they are: muster instances --state gone. When they were meant to go, run: muster approve cleanup. When not, find out what the member role no longer sees in the account; the nodes stay meanwhile.',
    count: nodes.length,
  });
  return new Set(shares.map(({ scope }) => scope));
}

/** Shares, or accounts, named in a finding or a request. */
const SHARES_NAMED = 5;

function describeShares(shares: readonly HeldShare[]): string {
  const named = shares.slice(0, SHARES_NAMED).map(({ scope, nodes, of }) => {
    const where = scope === 'all' ? 'of all accounts' : `of account ${scope.slice('account:'.length)}`;
    return `${nodes} of the ${of} nodes ${where}`;
  });
  const more = shares.length - named.length;
  return named.join(', ') + (more > 0 ? `, and those of ${more} more accounts` : '');
}

function describeAccounts(nodes: readonly VanishedNode[]): string {
  const accounts = countByAccount(nodes);
  const named = accounts.slice(0, SHARES_NAMED).map((one) => `${one.accountId}: ${one.nodes}`);
  const more = accounts.length - named.length;
  return named.join(', ') + (more > 0 ? `, and ${more} more` : '');
}

/** @param all how many nodes were found, those that are held included */
async function removeNodes(
  nodes: readonly VanishedNode[],
  all: number,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<DueOutcome<Result>> {
  const endsAtMs = deps.clock.monotonicMs() + TURN_MS;
  let removed = 0;
  const told = createRemovalNote(deps);
  const stop = (nextInMs: number, stopped: string | null): DueOutcome<Result> =>
    ended(nextInMs, { removed, left: all - removed, stopped });
  try {
    for (const chunk of inChunks(nodes)) {
      if (await isFrozen(chunk[0], deps)) continue;
      for (const node of await proveVanished(chunk, ctx, deps)) {
        if (ctx.signal.aborted || deps.clock.monotonicMs() >= endsAtMs) return stop(0, 'turn');
        // A window that begins meanwhile stops what has not begun.
        if (await isFrozen(node, deps)) break;
        const result = await removeNode(node, ctx, deps);
        if (typeof result === 'number') return stop(result, 'per-hour');
        if (result === 'removed') {
          removed += 1;
          told.add(node);
        }
      }
      await told.write();
    }
  } catch (error) {
    if (
      ctx.signal.aborted ||
      !isJobError(error, 'teleport.denied', 'teleport.unavailable', 'teleport.invalid')
    ) {
      throw error;
    }
    const denied = error.code === 'teleport.denied';
    await raiseFailure(error.message, denied, deps);
    ctx.log.warn({ err: error }, 'node not removed');
    return stop(denied ? deps.timings.deniedMs : deps.timings.heldMs, denied ? 'denied' : 'failed');
  } finally {
    await told.write();
  }
  return stop(deps.config.pollIntervalMs, null);
}

/** One entry of the audit for the nodes of a target that were removed one after another: there may be hundreds a day. */
function createRemovalNote({ ledger, config }: Pick<HandlerDeps, 'ledger' | 'config'>): {
  add(node: VanishedNode): void;
  write(): Promise<void>;
} {
  let removed: VanishedNode[] = [];
  return {
    add: (node) => {
      removed.push(node);
    },
    write: async () => {
      const [first] = removed;
      if (first === undefined) return;
      const nodes = removed.map(({ instanceId, nodeId }) => `${instanceId} (${nodeId})`);
      removed = [];
      await noteOwnAct(ledger.audit, 'clean-up', {
        scope: targetId(first.target),
        result: 'done',
        detail: `${plural(nodes.length, 'node')} removed from Teleport, at most ${config.cleanup.perHour} an hour: ${nodes.join(', ')}`,
      });
    },
  };
}

async function isFrozen(
  node: VanishedNode | undefined,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<boolean> {
  const facts = { ledger: deps.ledger, config: deps.config, nowMs: deps.clock.now() };
  return node !== undefined && (await readFreeze(facts, 'clean-up', node.target)) !== null;
}

/** One target's nodes together, since EC2 is asked per target. */
function* inChunks(nodes: readonly VanishedNode[]): Generator<readonly VanishedNode[]> {
  for (const group of Map.groupBy(nodes, ({ target }) => targetId(target)).values()) {
    for (let at = 0; at < group.length; at += CHUNK) yield group.slice(at, at + CHUNK);
  }
}

/**
 * Looks at the node as Teleport has it now, and removes it.
 *
 * @returns a number of ms when the hour allows no more until then. A node that came back after its removal is left: whatever
 *   bears the labels of the instance that is gone, it runs
 */
async function removeNode(
  { target, instanceId, nodeId, why, goneAtMs }: VanishedNode,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'teleport'>,
): Promise<'removed' | 'left' | number> {
  const facts = { nodeId, instanceId, target: targetId(target), accountId: target.accountId };
  const name = NodeName.safeParse(nodeId);
  if (!name.success) {
    ctx.log.info({ ...facts, why: 'its name cannot be given to tctl' }, 'node left');
    return 'left';
  }
  const found = await deps.teleport.findNode(name.data, ctx.signal);
  const doubt = found === null ? NO_SUCH_NODE : doubtOf(found, { target, instanceId });
  if (doubt !== null) {
    if (found === null) await deps.ledger.nodes.drop(target.accountId, instanceId, nodeId);
    ctx.log.info({ ...facts, why: doubt }, 'node left');
    return 'left';
  }
  const { perHour, hourMs } = deps.config.cleanup;
  const waitMs = await deps.ledger.nodes.takeRemoval(name.data, perHour, hourMs);
  if (waitMs === null) {
    ctx.log.info({ ...facts, why: 'it was removed within the hour and is back' }, 'node left');
    return 'left';
  }
  if (waitMs > 0) return waitMs;
  try {
    await deps.teleport.removeNode(name.data, ctx.signal);
  } catch (error) {
    if (isJobError(error, 'teleport.denied')) await deps.ledger.nodes.giveBackRemoval(name.data);
    throw error;
  }
  await deps.ledger.nodes.drop(target.accountId, instanceId, nodeId);
  ctx.log.info({ ...facts, why, goneSince: new Date(goneAtMs).toISOString() }, 'node removed from Teleport');
  await clearFindings(['cleanup-denied', 'cleanup-failed'], deps);
  return 'removed';
}

async function clearFindings(
  kinds: readonly ('cleanup-held' | 'cleanup-denied' | 'cleanup-failed')[],
  { ledger }: Pick<HandlerDeps, 'ledger'>,
): Promise<void> {
  for (const kind of await ledger.control.raised(kinds, 'all')) await ledger.control.clear(kind, 'all');
}

const NO_SUCH_NODE = 'Teleport has no such node, or it names more than one host';

/** Why the node is not the vanished instance's beyond doubt; null when it is. */
function doubtOf(
  found: {
    readonly accountId: AccountId;
    readonly instanceId: string;
    readonly isLabeled: boolean;
  },
  wanted: { readonly target: Target; readonly instanceId: string },
): string | null {
  if (found.accountId !== wanted.target.accountId || found.instanceId !== wanted.instanceId) {
    return 'its labels name another instance by now';
  }
  return found.isLabeled ? null : 'it lacks the labels of its instance';
}

async function raiseFailure(
  message: string,
  denied: boolean,
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'redact'>,
): Promise<void> {
  await deps.ledger.control.raise({
    kind: denied ? 'cleanup-denied' : 'cleanup-failed',
    scope: 'all',
    sinceMs: deps.clock.now(),
    message: `${denied ? 'The identity of tctl may not remove nodes' : 'tctl could not remove a node'}, so nodes of instances that are gone stay in Teleport: ${deps.redact(message)}`,
    remedy: denied
      ? 'Give the role of that identity the verb delete (spec.allow.rules: - resources: [node], verbs: [list, read, delete]), or set muster.cleanup.enabled to false.'
      : 'Where the worker runs, and with the same identity, run for a node of the message: tctl rm node/NAME. Muster tries again by itself.',
  });
}
