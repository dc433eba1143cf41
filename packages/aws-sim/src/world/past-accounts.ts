import type { Account } from './model.ts';

/** A stale answer looks back at most over so many changes of one account. */
const PAST_STATES = 16;

/** Remembers how an account was, before it is changed at `atMs`. */
export function rememberAccount(account: Account, atMs: number): void {
  const { state, parentId, role, tags } = account;
  account.past = [
    ...(account.past ?? []).slice(1 - PAST_STATES),
    { untilMs: atMs, state, parentId, role, tags },
  ];
}

/** An account as it was at a moment; null when the organization did not have it yet. */
export function accountAsOf(account: Account, asOfMs: number): Account | null {
  if (account.joinedAtMs > asOfMs) return null;
  const past = account.past?.find((entry) => entry.untilMs > asOfMs);
  return past === undefined ? account : { ...account, ...past };
}
