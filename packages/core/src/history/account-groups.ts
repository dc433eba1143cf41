import type { Account } from '../organization/account.ts';

/** Groups that history counts by themselves: more would not fit into a chart, nor a year of them into its share of Redis. */
export const MOST_GROUPS = 24;
/** What the rest is counted as. */
export const OTHER_GROUP = 'other';

/**
 * The group of each account: the account itself in an organization of few, else the unit right below the root (the root for
 * an account that is in none). Of more groups than `MOST_GROUPS`, those with the most accounts stay, and the rest is `other`.
 * The same accounts always come to the same groups.
 */
export function groupAccounts(
  accounts: readonly Pick<Account, 'accountId' | 'ancestorIds'>[],
): ReadonlyMap<string, string> {
  const groups = new Map(
    accounts.map((account) => [
      account.accountId as string,
      accounts.length <= MOST_GROUPS ? account.accountId : unitOf(account),
    ]),
  );
  const sizes = new Map<string, number>();
  for (const group of groups.values()) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const kept = new Set(
    [...sizes]
      .toSorted(([a, sizeOfA], [b, sizeOfB]) => sizeOfB - sizeOfA || (a < b ? -1 : 1))
      .slice(0, MOST_GROUPS)
      .map(([group]) => group),
  );
  return new Map([...groups].map(([id, group]) => [id, kept.has(group) ? group : OTHER_GROUP]));
}

function unitOf({ ancestorIds: [root, unit] }: Pick<Account, 'ancestorIds'>): string {
  return unit ?? root ?? OTHER_GROUP;
}
