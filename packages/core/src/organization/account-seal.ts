import type { Account } from './account.ts';
import { isMacOf, macOf, type MacKey, type MacParts } from '../install/mac.ts';

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
