import { isMacOf, type MacKey, macOf, type MacParts } from '../install/mac.ts';
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
  /** See `sealAccount`; absent without a key. */
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

/** Who seals: the keys, and the installation whose accounts they are. */
export interface Sealer {
  /** The first signs, all verify. Empty: nothing is sealed, and nothing is asked of a seal. */
  readonly keys: readonly MacKey[];
  readonly installation: string;
}

/**
 * What a seal says of an account's facts. `valid` without keys too; `stale`: made so long ago that it may be an old copy put back;
 * `absent`: written by an older release, or by a process without a key; `wrong`: the facts are not those that were sealed.
 */
export type SealCheck = 'valid' | 'absent' | 'stale' | 'wrong';

/**
 * Seals what a listing says of an account: one worker learns it from Organizations, another one acts on what Redis says it
 * was. Everything that decides whether a matcher covers the account is under the seal; its name decides nothing.
 *
 * @param listedAtMs when the listing said it, epoch ms
 */
export function sealAccount(account: Account, listedAtMs: number, { keys, installation }: Sealer): Account {
  const { seal: _, ...facts } = account;
  const listed: Account = { ...facts, listedAtMs };
  return keys.length === 0
    ? listed
    : { ...listed, seal: macOf(keys, 'account', partsOf(listed, installation)) };
}

/** Whether the facts are those that a worker with one of the keys wrote, not longer than `believedMs` ago. */
export function checkSeal(
  account: Account,
  { keys, installation }: Sealer,
  age: { readonly nowMs: number; readonly believedMs: number },
): SealCheck {
  if (keys.length === 0) return 'valid';
  if (account.seal === undefined) return 'absent';
  if (!isMacOf(keys, 'account', partsOf(account, installation), account.seal)) return 'wrong';
  return age.nowMs - (account.listedAtMs ?? 0) > age.believedMs ? 'stale' : 'valid';
}

function partsOf(account: Account, installation: string): MacParts {
  const { accountId, state, organizationId, ancestorIds, tags, tagsReadAtMs, listedAtMs } = account;
  return [
    installation,
    accountId,
    state,
    organizationId ?? null,
    JSON.stringify(ancestorIds),
    tags === undefined ? null : JSON.stringify(Object.entries(tags).toSorted(byKey)),
    tagsReadAtMs ?? null,
    listedAtMs ?? null,
  ];
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
