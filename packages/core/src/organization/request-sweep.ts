import { ORGANIZATION_MEMBER } from '../jobs/catalog.ts';
import type { Ledger } from '../control/ledger.ts';
import type { KnownAccount } from './coverage-store.ts';
import type { AccountId, Region } from './ids.ts';
import { type Target, targetId } from './target.ts';

/** What a sweep is narrowed to; nothing is everything. */
export interface SweepScope {
  readonly accountId: AccountId | null;
  readonly region: Region | null;
}

/** Whether it is all of the organization. */
export function isWhole(scope: SweepScope): boolean {
  return scope.accountId === null && scope.region === null;
}

export function includesTarget(scope: SweepScope, { accountId, region }: Target): boolean {
  return includesAccount(scope, accountId) && (scope.region === null || region === scope.region);
}

export function includesAccount(scope: SweepScope, accountId: AccountId): boolean {
  return scope.accountId === null || accountId === scope.accountId;
}

/** What was made due. */
export interface RequestedSweep {
  /** Since when a reading counts (epoch ms): see `CoverageLedger.startSweep`. */
  readonly sinceMs: number;
  /** Active ones; none before the organization is first listed, and none for an account that is not there. */
  readonly accounts: number;
  readonly targets: number;
  /** Accounts that could not be entered, and so have no targets to read. */
  readonly closed: number;
}

/**
 * Makes everything in the scope due to be read now. Of the whole organization it begins a new sweep.
 *
 * @param newId makes a ULID for the sweep
 */
export async function requestSweep(
  { ledger, newId }: { readonly ledger: Ledger; readonly newId: () => string },
  scope: SweepScope,
): Promise<RequestedSweep> {
  const whole = isWhole(scope);
  // First of all: a target that becomes known later is read later, and one that is known already is made due below.
  const sinceMs = await (whole ? ledger.coverage.startSweep(newId()) : ledger.coverage.requestReadings());
  const accounts = await activeAccounts(ledger, scope);
  const denials = await Promise.all(
    accounts.map(({ account }) => ledger.coverage.readDenied(account.accountId)),
  );
  const targets = accounts
    .filter((_, index) => denials[index] === null)
    .flatMap(({ account: { accountId }, regions }) =>
      (regions ?? []).map((region): Target => ({ accountId, region })),
    )
    .filter((target) => includesTarget(scope, target));
  if (whole) await ledger.due.schedule('accounts', [ORGANIZATION_MEMBER]);
  // A role that was fixed, and a region that was turned on, show in the account's regions only.
  await ledger.due.schedule(
    'regions',
    accounts.map(({ account }) => account.accountId),
  );
  await ledger.due.schedule('scan', targets.map(targetId));
  return {
    sinceMs,
    accounts: accounts.length,
    targets: targets.length,
    closed: denials.filter((denial) => denial !== null).length,
  };
}

async function activeAccounts(ledger: Ledger, scope: SweepScope): Promise<readonly KnownAccount[]> {
  const ids = (await ledger.coverage.accountIds()).filter((id) => includesAccount(scope, id));
  const known = await Promise.all(ids.map((id) => ledger.coverage.account(id)));
  return known.filter((one) => one !== null).filter(({ account }) => account.state === 'ACTIVE');
}
