import type { Account, OrganizationScope } from './account.ts';
import type { AccountId } from './ids.ts';

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
