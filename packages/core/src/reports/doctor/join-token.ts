import type { AccountId } from '../../organization/ids.ts';

/** What a join token says about itself: `kind: token` of Teleport, as far as hosts that join by IAM depend on it. */
export interface JoinToken {
  readonly name: string;
  readonly joinMethod: string;
  /** What may join with it; hosts join as `Node`. */
  readonly roles: readonly string[];
  /** Epoch milliseconds; null when it does not expire. */
  readonly expiresAtMs: number | null;
  readonly allow: readonly JoinTokenRule[];
}

/** One allow rule; null where it does not ask for that. */
export interface JoinTokenRule {
  readonly organizationId: string | null;
  readonly accountId: string | null;
}

/** Whose hosts are to join with a token: an organization's or one account's. Null: it is unknown which. */
export interface TokenUse {
  readonly organizationId: string | null;
  readonly accountId: AccountId | null;
}

/**
 * Why hosts of these uses cannot join with the token; null when nothing speaks against it. Of an organization's hosts a
 * token that lists accounts is taken at its word: `muster token` keeps such a list in step.
 */
export function faultOfToken(token: JoinToken, uses: readonly TokenUse[], nowMs: number): string | null {
  if (token.joinMethod !== 'iam') return `has the join method ${token.joinMethod}; hosts join by iam`;
  if (!token.roles.includes('Node')) {
    return `admits ${token.roles.join(', ') || 'nothing'}; hosts join as Node`;
  }
  if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) {
    return `expired at ${new Date(token.expiresAtMs).toISOString()}`;
  }
  const missed = uses.find((use) => !token.allow.some((rule) => admits(rule, use)));
  if (missed === undefined) return null;
  if (missed.organizationId !== null) {
    return `allows neither the organization ${missed.organizationId} nor accounts`;
  }
  return missed.accountId === null ? 'allows no host' : `does not allow the account ${missed.accountId}`;
}

function admits(rule: JoinTokenRule, use: TokenUse): boolean {
  if (use.organizationId !== null) {
    return rule.organizationId === null || rule.organizationId === use.organizationId;
  }
  return rule.accountId === null || use.accountId === null || rule.accountId === use.accountId;
}
