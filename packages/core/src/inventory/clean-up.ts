/**
 * Which nodes are removed from Teleport, because their instances are no more. Pure; what is asked of EC2 and of Teleport right
 * before a removal stands in the worker's handler (docs/decisions/0022-clean-up.md).
 */
import type { StoredRecord } from '../enrollment/record.ts';
import type { AccountId, InstanceId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';

/** Why a node is to be removed: the words of its line in the log. */
export type RemovalReason = 'instance-gone' | 'account-left';

/** The node of an instance that is no more, as the last inventory shows it. */
export interface VanishedNode {
  readonly target: Target;
  readonly instanceId: InstanceId;
  readonly nodeId: string;
  readonly why: RemovalReason;
  /** Since when the ledger has the instance as gone, epoch ms. */
  readonly goneAtMs: number;
}

/** Two readings that agree: when the instance was first missed, and when the newest complete reading began (null: there is none). */
interface TwoReadings {
  readonly goneAtMs: number;
  readonly readAtMs: number | null;
  readonly pollIntervalMs: number;
}

/**
 * Whether a second complete reading, begun at least a poll interval after the first one had missed the instance, says so too: a
 * listing that AWS cut short once does not come twice.
 */
export function isMissedTwice({ goneAtMs, readAtMs, pollIntervalMs }: TwoReadings): boolean {
  return readAtMs !== null && readAtMs >= goneAtMs + pollIntervalMs;
}

/** Whether it is gone and Muster once sent it an installer. A host that joined by other ways is not Muster's to remove. */
export function isGoneOfOurs(record: StoredRecord): boolean {
  return record.state === 'gone' && record.attempts.some(({ commandId }) => commandId !== null);
}

/** So few nodes are removed without asking: an account that replaces its five hosts loses all of them at once. */
export const NEVER_MANY = 10;

/** A share of nodes that is not removed before an operator says so. */
export interface HeldShare {
  readonly scope: 'all' | `account:${AccountId}`;
  /** To be removed. */
  readonly nodes: number;
  /** Of so many that Teleport shows. */
  readonly of: number;
}

/**
 * Where more than `maxShare` of all nodes, or of an account's, would go at once. One that concerns all comes alone.
 *
 * @param shown how many nodes the inventory shows, in all and of each account
 */
export function heldShares(
  vanished: readonly Pick<VanishedNode, 'target'>[],
  shown: { readonly all: number; readonly accounts: ReadonlyMap<AccountId, number> },
  maxShare: number,
): readonly HeldShare[] {
  const isMany = (nodes: number, of: number): boolean => nodes > NEVER_MANY && nodes > maxShare * of;
  if (isMany(vanished.length, shown.all)) return [{ scope: 'all', nodes: vanished.length, of: shown.all }];
  return [...Map.groupBy(vanished, ({ target }) => target.accountId)]
    .map(([accountId, { length }]): HeldShare => {
      return { scope: `account:${accountId}`, nodes: length, of: shown.accounts.get(accountId) ?? 0 };
    })
    .filter(({ nodes, of }) => isMany(nodes, of));
}
