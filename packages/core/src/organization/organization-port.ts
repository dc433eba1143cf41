import type { RoleReference } from '../scan/matcher.ts';
import type { Account, OrganizationScope } from './account.ts';
import type { AccountId, Region } from './ids.ts';

/** The organization's accounts. Errors: `aws.denied`, `aws.throttled`, `aws.unavailable`, `aws.credentials`, `aws.organization`. */
export interface OrganizationPort {
  /**
   * Yields the accounts page by page, in no order, each once. Uses ListAccounts where it is granted and carries
   * `Paths`; else walks the units with ListRoots, ListChildren and ListAccountsForParent, not descending into excluded ones.
   * A listing that ends without throwing was complete.
   */
  listAccounts(scope: OrganizationScope, signal: AbortSignal): AsyncIterable<readonly Account[]>;
  /** An account's own tags (organizations:ListTagsForResource, of 10 calls a second for the whole organization), all pages. */
  listAccountTags(accountId: AccountId, signal: AbortSignal): Promise<Readonly<Record<string, string>>>;
  /** The account of the worker's own credentials (sts:GetCallerIdentity needs no permission). */
  callerAccount(signal: AbortSignal): Promise<AccountId>;
}

/** How one account is entered, and what is enabled in it. */
export interface AccountPort {
  /**
   * Assumes the role (cached per account and role) and asserts that the session belongs to `accountId`.
   * Throws `aws.denied` when the role is missing, untrusting or in another account; `aws.throttled`, `aws.unavailable`, `aws.credentials`.
   */
  enter(accountId: AccountId, role: RoleReference | null, signal: AbortSignal): Promise<void>;
  /** Regions enabled for the account: account:ListRegions, else ec2:DescribeRegions where that is denied. Throws `aws.denied` when both are. */
  listRegions(
    accountId: AccountId,
    role: RoleReference | null,
    signal: AbortSignal,
  ): Promise<readonly Region[]>;
}
