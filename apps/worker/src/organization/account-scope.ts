import { type Account, checkSeal, type SealCheck, type Sealer } from '@muster/core/organization/account';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { AccountId } from '@muster/core/organization/ids';
import type { Matcher } from '@muster/core/scan/matcher';
import { matchersOfAccount } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';

/** Whether an account may be entered, by this worker's own configuration and by facts of it that are proven. */
export type AccountScope =
  /** `matchers`: those that cover it, in file order; never empty. */
  | { readonly kind: 'covered'; readonly matchers: readonly Matcher[] }
  | { readonly kind: 'outside' }
  /** What the ledger says of it carries no proof that a worker wrote it. */
  | { readonly kind: 'unproven'; readonly seal: Exclude<SealCheck, 'valid'> };

type Deps = Pick<HandlerDeps, 'config' | 'organization' | 'clock' | 'timings' | 'installation'>;

/** With what this worker seals, and checks what others have sealed. */
export function sealerOf({ config, installation }: Pick<Deps, 'config' | 'installation'>): Sealer {
  return { keys: config.markerKeys, installation };
}

/** The account of the worker's own credentials, asked for only when a matcher is about it. */
export async function callerAccountOf(
  deps: Pick<Deps, 'config' | 'organization'>,
  signal: AbortSignal,
): Promise<AccountId | null> {
  const needed = deps.config.matchers.some(
    (matcher) => matcher.organization === null && matcher.role.kind === 'ambient',
  );
  return needed ? deps.organization.callerAccount(signal) : null;
}

/** Whether an account was listed in an organization that the configuration does not name, or names no more. */
export function isOfAnotherOrganization(
  { organizationId }: Account,
  { config }: Pick<Deps, 'config'>,
): boolean {
  return (
    organizationId !== undefined &&
    config.matchers.every(({ organization }) => organization?.organizationId !== organizationId)
  );
}

/**
 * Judges an account by what the ledger, or a report, says of it. Asked before every entry: roles, regions and sends follow
 * from it. What was sealed long ago is good enough to read by, as long as no listing succeeds, but not to send by.
 */
export async function scopeOfAccount(
  account: Account,
  purpose: 'read' | 'send',
  signal: AbortSignal,
  deps: Deps,
): Promise<AccountScope> {
  const believedMs = purpose === 'send' ? deps.timings.accountFactsMs : Number.POSITIVE_INFINITY;
  const age = { nowMs: deps.clock.now(), believedMs };
  const seal = checkSeal(account, sealerOf(deps), age);
  if (seal !== 'valid') return { kind: 'unproven', seal };
  const caller = await callerAccountOf(deps, signal);
  const matchers = matchersOfAccount(deps.config.matchers, account, caller);
  return matchers.length === 0 ? { kind: 'outside' } : { kind: 'covered', matchers };
}

/**
 * Makes the accounts be listed anew, since the facts of one are not proven, and says why its work waits: one note for all
 * whose facts carry no seal (an older release wrote them, or a key is new), one finding for each whose seal does not fit.
 *
 * @returns in how long to look at the account again, ms
 */
export async function awaitProof(
  accountId: AccountId,
  seal: Exclude<SealCheck, 'valid'>,
  { ledger, clock, timings }: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
): Promise<number> {
  const { control, due } = ledger;
  const now = clock.now();
  const wrong = seal === 'wrong';
  const scope = wrong ? (`account:${accountId}` as const) : 'all';
  const kind = wrong ? 'ledger-untrusted' : 'accounts-unproven';
  // A listing that another process writes without a key would bring the same again: the second one is in no hurry.
  const told = (await control.raised([kind], scope)).size > 0;
  await due.schedule('accounts', [ORGANIZATION_MEMBER], told ? timings.heldMs : 0);
  await control.raise({ kind, scope, sinceMs: now, ...(wrong ? wrongSeal(accountId) : noSeal(seal)) });
  return timings.heldMs;
}

function wrongSeal(accountId: AccountId): { readonly message: string; readonly remedy: string } {
  return {
    message: `What the ledger says of account ${accountId} (state, units, tags) is not what a worker wrote: its seal does not fit. Nothing is read there or sent to it until the accounts are listed again, which is due now.`,
    remedy:
      'If the marker key was replaced without keeping the old one as the second line of its file, or workers have different keys, there is nothing else to do than to give all the same. If not, another client than Muster writes to Redis: find out whose, and give it another password. This note goes away after a later complete listing.',
  };
}

function noSeal(seal: 'absent' | 'stale'): { readonly message: string; readonly remedy: string } {
  const why =
    seal === 'absent'
      ? 'an older release wrote it, or a process without the marker key'
      : 'the last complete listing was too long ago';
  return {
    message: `What the ledger says of some accounts carries no proof that a worker learned it from Organizations (${why}). Nothing is read there or sent to them until the accounts are listed again, which is due now.`,
    remedy:
      'Nothing to do after an upgrade, or after a first key: this note goes away with the next complete listing. If it stays, give all workers the same marker key, and see account-list-failed.',
  };
}
