/** Join tokens with the IAM method: who may join with which token. */
import type { SimClock } from '../clock.ts';

/** One allow rule; every key that is present must match. `*` and `?` are wildcards in the ARN. */
export interface JoinTokenRule {
  readonly organizationId?: string;
  /** Organizational unit or root ids; a join that names no units never matches a rule that asks for them. */
  readonly organizationalUnits?: {
    readonly include: readonly string[];
    readonly exclude?: readonly string[];
  };
  readonly accountId?: string;
  readonly arn?: string;
}

/** One token. */
export interface JoinToken {
  readonly name: string;
  /** @default 'iam' */
  readonly method?: string;
  /** Empty: no host may join. */
  readonly allow: readonly JoinTokenRule[];
  /** Epoch milliseconds of real time; absent: never. */
  readonly expiresAtMs?: number;
}

/** What a host proves about itself when it joins: in Teleport, through a signed `sts:GetCallerIdentity`. */
export interface JoinAttempt {
  readonly token: string;
  readonly accountId: string;
  readonly organizationId: string | null;
  readonly instanceId: string;
  /** From the account up to the root; empty when the caller does not say. */
  readonly organizationalUnits: readonly string[];
  /** The role of the instance profile, part of the identity's ARN. */
  readonly roleName: string;
}

/** The name a discovery matcher has when it names no token. */
export const DEFAULT_TOKEN_NAME = 'aws-discovery-iam-token';

/** The answer to a join: null when allowed, else the error text. */
export type JoinRefusal = string | null;

/** Teleport's texts for a join that is refused, as a host's journal shows them. */
export const JOIN_REFUSALS = {
  unknownToken: 'token expired or not found',
  wrongMethod: 'this token does not support the IAM join method',
  noRule: 'instance did not match any allow rules',
} as const;

/** Decides whether this attempt may join with that token. */
export function refuseJoin(token: JoinToken | undefined, attempt: JoinAttempt, clock: SimClock): JoinRefusal {
  if (token === undefined) return JOIN_REFUSALS.unknownToken;
  if (token.expiresAtMs !== undefined && token.expiresAtMs <= clock.nowMs()) {
    return JOIN_REFUSALS.unknownToken;
  }
  if ((token.method ?? 'iam') !== 'iam') return JOIN_REFUSALS.wrongMethod;
  return token.allow.some((rule) => ruleMatches(rule, attempt)) ? null : JOIN_REFUSALS.noRule;
}

function ruleMatches(rule: JoinTokenRule, attempt: JoinAttempt): boolean {
  if (rule.organizationId !== undefined && rule.organizationId !== attempt.organizationId) return false;
  if (rule.accountId !== undefined && rule.accountId !== attempt.accountId) return false;
  if (rule.organizationalUnits !== undefined && !unitsMatch(rule.organizationalUnits, attempt)) return false;
  return rule.arn === undefined || wildcard(rule.arn).test(identityArn(attempt));
}

function unitsMatch(
  units: { readonly include: readonly string[]; readonly exclude?: readonly string[] },
  attempt: JoinAttempt,
): boolean {
  const inside = (id: string): boolean => id === '*' || attempt.organizationalUnits.includes(id);
  return units.include.some(inside) && !(units.exclude ?? []).some(inside);
}

function identityArn(attempt: JoinAttempt): string {
  return `arn:aws:sts::${attempt.accountId}:assumed-role/${attempt.roleName}/${attempt.instanceId}`;
}

function wildcard(pattern: string): RegExp {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}
