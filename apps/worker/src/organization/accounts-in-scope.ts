import type { Account, OrganizationScope } from '@muster/core/organization/account';
import type { AccountId } from '@muster/core/organization/ids';
import type { Matcher } from '@muster/core/scan/matcher';
import { accountOfRole } from '@muster/core/scan/matcher-scope';
import type { HandlerDeps } from '../deps.ts';
import { createTagFiller, type TagMemory } from './account-tags.ts';

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
