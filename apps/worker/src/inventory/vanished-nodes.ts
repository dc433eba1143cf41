import { isCovered } from '@muster/core/control/approval';
import { sealStateOf } from '@muster/core/enrollment/seal';
import {
  type HeldShare,
  heldShares,
  isGoneOfOurs,
  isMissedTwice,
  type VanishedNode,
} from '@muster/core/inventory/clean-up';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { AccountId, InstanceId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError } from '@muster/core/runtime/errors';
import { groupByRole } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { scopeOfAccount, sealerOf } from '../organization/account-scope.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'installation'>;

/**
 * Nodes of the last inventory whose instances are no more: two complete scans no longer show them, or two listings of the whole
 * organization their account. Costs a reading of the records of each target that has a gone one.
 */
export async function findVanished(deps: Deps): Promise<readonly VanishedNode[]> {
  const left = await leftAccounts(deps);
  const vanished: VanishedNode[] = [];
  for (const target of await deps.ledger.enrollments.targetsWith({ state: 'gone' })) {
    vanished.push(...(await vanishedOf(target, left.has(target.accountId), deps)));
  }
  return vanished;
}

/** Listings after which an account still counts as left: one that failed must not bring it back, and an old word must not count. */
const LISTINGS_BELIEVED = 3;

async function leftAccounts(deps: Deps): Promise<ReadonlySet<AccountId>> {
  const { leftAccounts: isWanted } = deps.config.cleanup;
  if (!isWanted) return new Set();
  const { pollIntervalMs } = deps.config;
  const believedSinceMs = deps.clock.now() - LISTINGS_BELIEVED * pollIntervalMs;
  const all = await deps.ledger.leftAccounts.all(sealerOf(deps));
  const certain = all.filter(
    ({ sinceMs, confirmedAtMs }) =>
      confirmedAtMs >= believedSinceMs &&
      isMissedTwice({ goneAtMs: sinceMs, readAtMs: confirmedAtMs, pollIntervalMs }),
  );
  return new Set(certain.map(({ accountId }) => accountId));
}

async function vanishedOf(target: Target, hasLeft: boolean, deps: Deps): Promise<readonly VanishedNode[]> {
  const { ledger, config } = deps;
  const { pollIntervalMs, markerKeys } = config;
  const isKnown = (await ledger.coverage.account(target.accountId)) !== null;
  const readAtMs = isKnown ? ((await ledger.coverage.read(target))?.completeAtMs ?? null) : null;
  const gone = new Map<InstanceId, number>();
  for (const [instanceId, record] of await ledger.enrollments.readAll(target)) {
    const goneAtMs = record.value.changedAtMs;
    if (!isGoneOfOurs(record.value)) continue;
    const isCertain = isKnown ? isMissedTwice({ goneAtMs, readAtMs, pollIntervalMs }) : hasLeft;
    // Another client of Redis must not be able to have the node of a living host removed.
    if (isCertain && sealStateOf(markerKeys, target, record) === 'good') gone.set(instanceId, goneAtMs);
  }
  const nodes = await ledger.nodes.find(target.accountId, [...gone.keys()]);
  const why = isKnown ? 'instance-gone' : 'account-left';
  return [...nodes].map(([instanceId, nodeId]) => {
    return { target, instanceId, nodeId, why, goneAtMs: gone.get(instanceId) ?? 0 };
  });
}

/** What lets shares that are too large go. */
export const CLEANUP_APPROVAL = 'cleanup:nodes';

/** Nodes that are too many to go at once. */
export interface HeldRemovals {
  readonly shares: readonly HeldShare[];
  readonly nodes: readonly VanishedNode[];
  /** Of `nodes`. */
  readonly accounts: number;
  /** Whether an operator let so many go. */
  readonly isApproved: boolean;
}

/** Compares what has vanished with what the inventory shows, and with what an operator approved. */
export async function findHeld(
  vanished: readonly VanishedNode[],
  { ledger, config }: Deps,
): Promise<HeldRemovals> {
  const accounts = new Set(vanished.map(({ target }) => target.accountId));
  const counts = await Promise.all(
    [...accounts].map(
      async (accountId): Promise<[AccountId, number]> => [accountId, await ledger.nodes.countOf(accountId)],
    ),
  );
  const shown = { all: (await ledger.nodes.facts()).nodes, accounts: new Map(counts) };
  const shares = heldShares(vanished, shown, config.cleanup.maxShare);
  const scopes = new Set<string>(shares.map(({ scope }) => scope));
  const nodes = vanished.filter(
    ({ target: { accountId } }) => scopes.has('all') || scopes.has(`account:${accountId}`),
  );
  const size = { hosts: nodes.length, accounts: new Set(nodes.map(({ target }) => target.accountId)).size };
  const isApproved = isCovered(await ledger.approvals.approval(CLEANUP_APPROVAL), size);
  return { shares, nodes, accounts: size.accounts, isApproved };
}

/** Most first. */
export function countByAccount(
  nodes: readonly VanishedNode[],
): readonly { readonly accountId: AccountId; readonly nodes: number }[] {
  return [...Map.groupBy(nodes, ({ target }) => target.accountId)]
    .map(([accountId, { length }]) => ({ accountId, nodes: length }))
    .toSorted((a, b) => b.nodes - a.nodes || a.accountId.localeCompare(b.accountId));
}

/**
 * The last look before a removal: EC2 is asked for the instances of one target by their ids.
 *
 * @returns those that EC2 does not show; of an account that left, which Muster may not ask any more, all
 */
export async function proveVanished(
  nodes: readonly VanishedNode[],
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<readonly VanishedNode[]> {
  const [first] = nodes;
  if (first === undefined) return [];
  const { target, why } = first;
  if (why === 'account-left') return nodes;
  const role = await roleOf(target, ctx, deps);
  if (role === undefined) return [];
  const ids = nodes.map(({ instanceId }) => instanceId);
  try {
    const shown = await deps.instances.describe({ ...target, role }, ids, ctx.signal);
    return nodes.filter(({ instanceId }) => (shown.get(instanceId)?.state ?? 'terminated') === 'terminated');
  } catch (error) {
    if (!isJobError(error, 'aws.denied', 'aws.region-off', 'aws.throttled', 'aws.unavailable')) throw error;
    ctx.log.info(
      { target: targetId(target), err: error },
      'nodes left: EC2 does not say whether they are gone',
    );
    return [];
  }
}

/** By which role the target is read; undefined when this worker's configuration has none for it, or cannot tell. */
async function roleOf(target: Target, ctx: JobContext, deps: HandlerDeps) {
  const known = await deps.ledger.coverage.account(target.accountId);
  if (known === null) return undefined;
  const scope = await scopeOfAccount(known.account, 'read', ctx.signal, deps);
  if (scope.kind !== 'covered') return undefined;
  return groupByRole(scope.matchers, target.accountId, target.region)[0]?.role;
}
