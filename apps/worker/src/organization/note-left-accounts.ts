import { checkSeal } from '@muster/core/organization/account';
import type { AccountId } from '@muster/core/organization/ids';
import type { LeftAccount } from '@muster/core/organization/left-account-store';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from './account-scope.ts';
import { organizationsReadWhole } from './accounts-in-scope.ts';

type Deps = Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'installation'>;

/**
 * Notes which accounts a complete listing of their whole organization no longer shows, where the clean-up is to know. Called
 * before the accounts are removed from the ledger, which says whose they were.
 *
 * @param removed accounts of the ledger that are no longer in scope, for whatever reason
 * @param listed every account that the listing showed, in scope or not
 */
export async function noteLeftAccounts(
  removed: readonly AccountId[],
  listed: ReadonlySet<AccountId>,
  deps: Deps,
): Promise<void> {
  const { ledger, config, clock } = deps;
  if (!config.cleanup.enabled || !config.cleanup.leftAccounts) return;
  const sealer = sealerOf(deps);
  const nowMs = clock.now();
  const whole = organizationsReadWhole(config.matchers);
  const known = await ledger.leftAccounts.all(sealer);
  await ledger.leftAccounts.drop(
    known.map(({ accountId }) => accountId).filter((accountId) => listed.has(accountId)),
  );
  const still = known.filter(
    ({ accountId, organizationId }) => !listed.has(accountId) && whole.has(organizationId),
  );
  const fresh: LeftAccount[] = [];
  for (const accountId of removed) {
    if (listed.has(accountId) || known.some((one) => one.accountId === accountId)) continue;
    const account = (await ledger.coverage.account(accountId))?.account;
    const organizationId = account?.organizationId;
    if (account === undefined || organizationId === undefined || !whole.has(organizationId)) continue;
    const age = { nowMs, believedMs: Number.POSITIVE_INFINITY };
    if (checkSeal(account, sealer, age) !== 'valid') continue;
    fresh.push({ accountId, organizationId, sinceMs: nowMs, confirmedAtMs: nowMs });
  }
  const confirmed = still.map((one) => ({ ...one, confirmedAtMs: nowMs }));
  await ledger.leftAccounts.note([...confirmed, ...fresh], sealer);
}
