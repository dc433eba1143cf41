import type { AccountId } from './ids.ts';

/**
 * An account of the organization, as far as Organizations says.
 *
 * `usable` follows AWS's `State` (the older `Status` where `State` is absent): only ACTIVE accounts are scanned.
 */
export interface Account {
  readonly accountId: AccountId;
  readonly name: string;
  readonly state: 'ACTIVE' | 'PENDING_ACTIVATION' | 'SUSPENDED' | 'PENDING_CLOSURE' | 'CLOSED';
  /** The organization whose listing showed it; absent when none did, or an older release wrote it. */
  readonly organizationId?: string | undefined;
  /** Ids from the root down: `['r-ab12', 'ou-ab12-11111111']`. Empty when the account was not found through an organization. */
  readonly ancestorIds: readonly string[];
  /** Its own tags, read only where a matcher asks for them; absent when they are not known. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** When the tags were read, epoch ms. */
  readonly tagsReadAtMs?: number | undefined;
  /** When it was listed, epoch ms; absent before it is sealed. */
  readonly listedAtMs?: number | undefined;
  /** See `account-seal.ts`; absent without a key. */
  readonly seal?: string | undefined;
}

/** Which part of an organization a matcher covers. `*` anywhere in `include` means all of it. */
export interface OrganizationScope {
  readonly organizationId: string;
  readonly includeOus: readonly string[];
  readonly excludeOus: readonly string[];
}

/**
 * Teleport's rule: an excluded unit is not descended into, so exclusion always wins; an account is included when
 * any unit above it is listed. Unlike Teleport's, the wildcard counts wherever it stands in the list. An account that another
 * organization's listing showed is never included.
 */
export function isAccountInScope(account: Account, scope: OrganizationScope): boolean {
  if (account.organizationId !== undefined && account.organizationId !== scope.organizationId) return false;
  if (account.ancestorIds.some((id) => scope.excludeOus.includes(id))) return false;
  if (scope.includeOus.includes('*')) return true;
  return account.ancestorIds.some((id) => scope.includeOus.includes(id));
}
