import { type Account, checkSeal, type OrganizationScope } from '@muster/core/organization/account';
import { ACCOUNT_TAGS_ACTION } from '@muster/core/organization/aws-actions';
import type { AccountId } from '@muster/core/organization/ids';
import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { Matcher } from '@muster/core/scan/matcher';
import { accountOfRole, needsAccountTags } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { sealerOf } from './account-scope.ts';

/**
 * Pages of every account that a matcher may cover: one listing per organization, whatever the number of matchers, and one
 * page for accounts that are named outright. An account may come more than once.
 */
export async function* accountPages(
  deps: Pick<HandlerDeps, 'config' | 'organization' | 'clock' | 'timings' | 'random' | 'installation'>,
  memory: TagMemory | null,
  callerAccountId: AccountId | null,
  signal: AbortSignal,
): AsyncGenerator<readonly Account[]> {
  const tags = createTagFiller(deps, memory, callerAccountId, signal);
  for (const scope of scopesOf(deps.config.matchers)) {
    const { organizationId } = scope;
    for await (const page of deps.organization.listAccounts(scope, signal)) {
      yield await tags.fill(page.map((account) => ({ ...account, organizationId })));
    }
  }
  const named = deps.config.matchers
    .filter((matcher) => matcher.organization === null)
    .map((matcher) => (matcher.role.kind === 'arn' ? accountOfRole(matcher.role.arn) : callerAccountId))
    .filter((accountId) => accountId !== null);
  yield [...new Set(named)].map(
    (accountId): Account => ({ accountId, name: '', state: 'ACTIVE', ancestorIds: [] }),
  );
  await tags.end();
}

/** The union of the matchers' scopes per organization: a unit is left out only when every matcher excludes it. */
function scopesOf(matchers: readonly Matcher[]): readonly OrganizationScope[] {
  const byId = new Map<string, OrganizationScope>();
  for (const { organization } of matchers) {
    if (organization === null) continue;
    const before = byId.get(organization.organizationId);
    byId.set(
      organization.organizationId,
      before === undefined
        ? organization
        : {
            organizationId: organization.organizationId,
            includeOus: [...before.includeOus, ...organization.includeOus],
            excludeOus: before.excludeOus.filter((id) => organization.excludeOus.includes(id)),
          },
    );
  }
  return [...byId.values()];
}

/** Organizations that `accountPages` lists whole: what it does not show has left them. */
export function organizationsReadWhole(matchers: readonly Matcher[]): ReadonlySet<string> {
  const whole = scopesOf(matchers).filter(
    ({ includeOus, excludeOus }) => includeOus.includes('*') && excludeOus.length === 0,
  );
  return new Set(whole.map(({ organizationId }) => organizationId));
}

type Deps = Pick<HandlerDeps, 'config' | 'organization' | 'clock' | 'timings' | 'random' | 'installation'>;

/** When the tags of accounts may not be read. */
export const ACCOUNT_TAGS_REMEDY = `Allow ${ACCOUNT_TAGS_ACTION} to the discovery role, or take account_tags and exclude_account_tags out of the configuration.`;

/** Where tags are remembered and findings told; a report that stands for itself has none. */
type TagMemory = Pick<HandlerDeps['ledger'], 'coverage' | 'control'>;

/** Fills in the tags of accounts, page by page; see `createTagFiller`. */
interface TagFiller {
  fill(page: readonly Account[]): Promise<readonly Account[]>;
  /** After the last page: throws the denial when an account was left without its tags, since it is unknown which accounts are in scope. */
  end(): Promise<void>;
}

/**
 * Fills in the own tags of accounts where it depends on them whether a matcher covers an account, or which wave its hosts belong to. What the ledger knows is
 * believed for an hour; the rest is asked for, one call per account. A missing permission is a finding, asked for once per
 * listing: tags that are known go on counting.
 */
function createTagFiller(
  deps: Deps,
  memory: TagMemory | null,
  callerAccountId: AccountId | null,
  signal: AbortSignal,
): TagFiller {
  let denial: JobError | null = null;
  let unknown = false;
  let asked = false;

  async function fillOne(account: Account): Promise<Account> {
    const { matchers, rollout } = deps.config;
    const isAskedByWaves = rollout.waves.some(({ accountTags }) => accountTags.length > 0);
    const decidesScope = needsAccountTags(matchers, account, callerAccountId);
    if (!isAskedByWaves && !decidesScope) return account;
    const known = (await memory?.coverage.account(account.accountId))?.account;
    const now = deps.clock.now();
    // What carries no seal is not believed: sealed again, it would be.
    const age = { nowMs: now, believedMs: Number.POSITIVE_INFINITY };
    const isProven = known !== undefined && checkSeal(known, sealerOf(deps), age) === 'valid';
    const { tags, tagsReadAtMs } = isProven ? known : {};
    // Each account's tags age at their own pace, so that they are not all asked for at once.
    const believedMs = deps.timings.accountTagsMs * (0.5 + deps.random() / 2);
    if (tags !== undefined && now - (tagsReadAtMs ?? 0) < believedMs) {
      return { ...account, tags, tagsReadAtMs };
    }
    if (denial === null) {
      try {
        asked = true;
        const read = await deps.organization.listAccountTags(account.accountId, signal);
        return { ...account, tags: read, tagsReadAtMs: now };
      } catch (error) {
        if (!isJobError(error, 'aws.denied')) throw error;
        denial = error;
      }
    }
    // Where only a wave hangs on them, the account is read all the same, and its hosts wait.
    if (tags === undefined && decidesScope) unknown = true;
    return tags === undefined ? account : { ...account, tags, tagsReadAtMs };
  }

  return {
    async fill(page) {
      const filled: Account[] = [];
      for (const account of page) filled.push(await fillOne(account));
      return filled;
    },
    async end() {
      if (denial === null) {
        if (asked) await memory?.control.clear('account-tags-denied', 'all');
        return;
      }
      await memory?.control.raise({
        kind: 'account-tags-denied',
        scope: 'all',
        sinceMs: deps.clock.now(),
        message: `The tags of accounts cannot be read, so account_tags says nothing about new ones: ${denial.message}`,
        remedy: ACCOUNT_TAGS_REMEDY,
      });
      if (unknown) throw denial;
    },
  };
}
