import type { AccountId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';

/** What a sweep is narrowed to, as it was typed; nothing is everything. */
export interface SweepScope {
  readonly account?: string;
  readonly region?: string;
}

export function isWhole(scope: SweepScope): boolean {
  return scope.account === undefined && scope.region === undefined;
}

export function includesTarget(scope: SweepScope, { accountId, region }: Target): boolean {
  return includesAccount(scope, accountId) && (scope.region === undefined || region === scope.region);
}

export function includesAccount(scope: SweepScope, accountId: AccountId): boolean {
  return scope.account === undefined || accountId === scope.account;
}
