import { isAccountInScope, type Account } from '../organization/account.ts';
import type { AccountId, Region } from '../organization/ids.ts';
import {
  coversAccount,
  coversAccountTags,
  coversRegion,
  roleFor,
  type Matcher,
  type RoleReference,
  type Selector,
} from './matcher.ts';

/** The matchers that cover an account, in file order. `callerAccountId` is the account of the worker's own credentials; null when no matcher needs it. */
export function matchersOfAccount<Kind extends Selector>(
  matchers: readonly Kind[],
  account: Account,
  callerAccountId: AccountId | null,
): readonly Kind[] {
  return matchers.filter(
    (matcher) => isCovered(matcher, account, callerAccountId) && coversAccountTags(matcher, account.tags),
  );
}

/** Whether it depends on the account's own tags, and on nothing else any more, if a matcher covers it. */
export function needsAccountTags(
  matchers: readonly Matcher[],
  account: Account,
  callerAccountId: AccountId | null,
): boolean {
  return matchers.some(
    (matcher) => matcher.accountTags !== undefined && isCovered(matcher, account, callerAccountId),
  );
}

function isCovered(matcher: Selector, account: Account, callerAccountId: AccountId | null): boolean {
  if (!coversAccount(matcher, account.accountId)) return false;
  if (matcher.organization !== null) return isAccountInScope(account, matcher.organization);
  if (matcher.role.kind === 'arn') return accountOfRole(matcher.role.arn) === account.accountId;
  return callerAccountId === account.accountId;
}

/** Matchers that share a role read a target together. */
export interface RoleGroup {
  readonly role: RoleReference | null;
  readonly matchers: readonly Matcher[];
}

/** Groups an account's matchers by the role they enter with; `region` leaves out those that do not cover it. */
export function groupByRole(
  matchers: readonly Matcher[],
  accountId: AccountId,
  region: Region | null,
): readonly RoleGroup[] {
  const groups = new Map<string, { role: RoleReference | null; matchers: Matcher[] }>();
  for (const matcher of matchers) {
    if (region !== null && !coversRegion(matcher, region)) continue;
    const role = roleFor(matcher, accountId);
    const key = role === null ? '' : `${role.arn} ${role.externalId ?? ''}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { role, matchers: [matcher] });
    else group.matchers.push(matcher);
  }
  return [...groups.values()];
}

/** The account number in a role's ARN; null when the text is no role ARN. */
export function accountOfRole(arn: string): AccountId | null {
  const account = /^arn:[\w-]+:iam::(\d{12}):role\//.exec(arn)?.[1];
  return account === undefined ? null : (account as AccountId);
}
