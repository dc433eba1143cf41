import { type Finding, findingOfForeignNames } from '@muster/core/control/findings';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import type { JobContext } from '@muster/core/jobs/define-job';
import { type Account, sealAccount } from '@muster/core/organization/account';
import { ACCOUNT_TAGS_ACTION, ORGANIZATION_ACTIONS } from '@muster/core/organization/aws-actions';
import type { AccountId } from '@muster/core/organization/ids';
import { type Target, targetId } from '@muster/core/organization/target';
import { isJobError, type JobError, messageOf } from '@muster/core/runtime/errors';
import { matchersOfAccount } from '@muster/core/scan/matcher-scope';
import { clearUntrusted } from '../control/untrusted-ledger.ts';
import type { HandlerDeps } from '../deps.ts';
import { dispatch, doDueWork, type DueOutcome } from '../due-work.ts';
import { targetsOutOfScope } from '../scan/retire-target.ts';
import { callerAccountOf, sealerOf } from './account-scope.ts';
import { ACCOUNT_TAGS_REMEDY, accountPages } from './accounts-in-scope.ts';
import { noteLeftAccounts } from './note-left-accounts.ts';

type Result = { accounts: number; removed: number; error: string | null };

/** Errors that say nothing about the organization: the listing is simply tried again, for a while. */
const PASSING = ['aws.throttled', 'aws.unavailable'] as const;

/**
 * Lists every account in scope, page by page, and sends each new one on at once. Only a listing that ended without an
 * error removes accounts: when Organizations fails, the last known accounts go on being scanned.
 */
export async function handleListAccounts(
  _payload: object,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  return doDueWork(deps, 'accounts', ORGANIZATION_MEMBER, async () => {
    const now = deps.clock.now();
    const sweep = await deps.ledger.coverage.sweep(now);
    const running = sweep !== null && sweep.finishedAtMs === null;
    const sweepId = running ? sweep.id : deps.newId();
    ctx.note({ sweepId });
    if (!running) await deps.ledger.coverage.startSweep(sweepId);
    try {
      return await listAll(sweepId, ctx, deps);
    } catch (error) {
      const triedForMs = running ? now - sweep.startedAtMs : 0;
      if (isJobError(error, ...PASSING) && triedForMs < deps.config.pollIntervalMs) throw error;
      return giveUp(sweepId, error, ctx, deps);
    }
  });
}

async function listAll(sweepId: string, ctx: JobContext, deps: HandlerDeps): Promise<DueOutcome<Result>> {
  const seen = new Set<AccountId>();
  const listed = new Set<AccountId>();
  let inactive = 0;
  const callerAccountId = await callerAccountOf(deps, ctx.signal);
  for await (const page of accountPages(deps, deps.ledger, callerAccountId, ctx.signal)) {
    for (const { accountId } of page) listed.add(accountId);
    const inScope = page.filter(
      (account) =>
        !seen.has(account.accountId) &&
        matchersOfAccount(deps.config.matchers, account, callerAccountId).length > 0,
    );
    for (const account of inScope) seen.add(account.accountId);
    inactive += await takeIn(inScope, deps);
  }
  const removed = (await deps.ledger.coverage.accountIds()).filter((accountId) => !seen.has(accountId));
  await noteLeftAccounts(removed, listed, deps);
  await removeAccounts(removed, deps);
  await deps.ledger.coverage.endAccountListing(sweepId, deps.clock.now(), null, inactive);
  for (const kind of ['account-list-failed', 'organization-mismatch', 'accounts-unproven'] as const) {
    await deps.ledger.control.clear(kind, 'all');
  }
  await clearUntrusted(deps);
  const foreign = await deps.ledger.coverage.dropForeign();
  if (foreign.length > 0) {
    await deps.ledger.control.raise(findingOfForeignNames('coverage', foreign, deps.clock.now()));
  }
  return {
    nextInMs: deps.config.pollIntervalMs,
    result: { accounts: seen.size, removed: removed.length, error: null },
  };
}

/**
 * Removes accounts, and enqueues the retirement of what they held. Whatever else holds records and is out of scope is
 * looked at once a day: a kill in between, or an older release, may have left it.
 */
async function removeAccounts(
  removed: readonly AccountId[],
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings' | 'enqueue'>,
): Promise<void> {
  const { coverage, enrollments } = deps.ledger;
  const populated = await enrollments.keptTargets();
  const byAccount = Map.groupBy(populated, (target) => target.accountId);
  const left: Target[] = [];
  for (const accountId of removed) {
    const held = byAccount.get(accountId) ?? [];
    left.push(...held);
    await deps.ledger.due.schedule('scan', held.map(targetId), deps.timings.jobTakenMs);
    await coverage.removeAccount(accountId);
    await deps.ledger.brake.reset(`account:${accountId}`, deps.clock.now());
  }
  await dispatch(deps, 'scan', left.map(targetId));
  const others = await targetsOutOfScope(populated, deps);
  await deps.ledger.due.schedule('scan', others.map(targetId), deps.timings.regionsMs);
}

/**
 * Makes a page of accounts known and sends the new ones on. An account that is not active is known, but has no targets:
 * what it holds stays as it was, since no worker can look.
 *
 * @returns how many are not active
 */
async function takeIn(accounts: readonly Account[], deps: HandlerDeps): Promise<number> {
  const known = await Promise.all(accounts.map((account) => deps.ledger.coverage.account(account.accountId)));
  const active = accounts.filter((account) => account.state === 'ACTIVE');
  const inactive = accounts.filter((account) => account.state !== 'ACTIVE');
  const unresolved = active.filter((account) => {
    const before = known[accounts.indexOf(account)];
    return (
      before === null ||
      before === undefined ||
      before.resolvedAtMs === null ||
      before.account.state !== 'ACTIVE'
    );
  });
  // Due before they are known to be active: after a kill in between, the next listing would see nothing new about them.
  await deps.ledger.due.schedule(
    'regions',
    unresolved.map(({ accountId }) => accountId),
    deps.timings.jobTakenMs,
  );
  const sealer = sealerOf(deps);
  const listedAtMs = deps.clock.now();
  await deps.ledger.coverage.putAccounts(accounts.map((account) => sealAccount(account, listedAtMs, sealer)));
  const begunAtMs = inactive.length === 0 ? listedAtMs : await deps.ledger.coverage.beginReading();
  for (const { accountId } of inactive) {
    await deps.ledger.coverage.putRegions(accountId, [], begunAtMs);
  }
  await dispatch(
    deps,
    'regions',
    unresolved.map((account) => account.accountId),
  );
  return inactive.length;
}

async function giveUp(
  sweepId: string,
  error: unknown,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<DueOutcome<Result>> {
  const message = messageOf(error);
  ctx.log.error({ err: error }, 'account listing failed');
  await deps.ledger.coverage.endAccountListing(sweepId, deps.clock.now(), message, 0);
  await deps.ledger.control.raise({
    ...(isJobError(error, 'aws.organization')
      ? organizationMismatch(error)
      : {
          kind: 'account-list-failed',
          message: `The accounts of the organization could not be listed: ${message}`,
          remedy: listingRemedy(error),
        }),
    scope: 'all',
    sinceMs: deps.clock.now(),
  });
  const known = await deps.ledger.coverage.accountIds();
  return {
    nextInMs: deps.config.pollIntervalMs,
    result: { accounts: known.length, removed: 0, error: message },
  };
}

/** Every send waits for this to end: which accounts are whose is not known. */
function organizationMismatch({ message, details }: JobError): Pick<Finding, 'kind' | 'message' | 'remedy'> {
  const { configured, found } = details;
  const isOther = typeof configured === 'string' && typeof found === 'string';
  return {
    kind: 'organization-mismatch',
    message: isOther
      ? `The credentials of a worker read the organization ${found}, the configuration names ${configured}. Nothing is sent anywhere until they agree.`
      : `The credentials of a worker read no organization that the configuration names: ${message}. Nothing is sent anywhere until they do.`,
    remedy: isOther
      ? `If ${found} is meant, set organization.organization_id to it. If ${configured} is, give the workers credentials of its management account or of a delegated administrator of it.`
      : 'Give the workers credentials of the management account, or of a delegated administrator, of the organization that organization.organization_id names.',
  };
}

const AUTHORITY = 'the management account of the organization, or a delegated administrator of it';

/** What to do when the accounts could not be listed: as different as the errors are. */
export function listingRemedy(error: unknown): string {
  if (!isJobError(error)) return 'See the log of the worker: this is a mistake of Muster’s own.';
  switch (error.code) {
    case 'aws.denied':
      return error.details.missingAction === ACCOUNT_TAGS_ACTION
        ? ACCOUNT_TAGS_REMEDY
        : `Run the workers with credentials of ${AUTHORITY}, and allow ${ORGANIZATION_ACTIONS.join(', ')} there.`;
    case 'aws.organization':
      return `Give the workers credentials of ${AUTHORITY}, or correct organization.organization_id.`;
    case 'aws.credentials':
      return 'Give the workers credentials that AWS accepts: muster doctor says where they came from and what is wrong with them.';
    case 'aws.throttled':
      return 'Nothing to do: it is tried again. Others use up the quota of the Organizations API; it is shared by the whole organization.';
    case 'aws.invalid':
      return 'Check organization.organizational_units, include and exclude: AWS does not know one of them, or not below this root.';
    case 'aws.unavailable':
    case 'aws.region-off':
      return error.details.unreadable === true
        ? 'Something on the way answers instead of AWS: check the HTTP proxy of the workers, AWS_ENDPOINT_URL, and whether a page of the network stands between.'
        : 'Check that the workers reach the endpoint of AWS Organizations on port 443, also through their HTTP proxy; it is tried again by itself. muster doctor asks at once.';
    case 'config.invalid':
    case 'config.unsafe':
    case 'payload.invalid':
    case 'teleport.unavailable':
    case 'teleport.denied':
    case 'teleport.invalid':
    case 'notify.failed':
    case 'ledger.unavailable':
    case 'ledger.corrupt':
    case 'bug.unknown':
      return 'See the log of the worker; it is tried again by itself.';
    default:
      return error.code satisfies never;
  }
}
