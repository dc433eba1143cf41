import {
  ListAccountsCommand,
  ListTagsForResourceCommand,
  type OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { type Account, isAccountInScope, type OrganizationScope } from '../organization/account.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { OrganizationPort } from '../organization/organization-port.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './identity.ts';
import { assertOrganization } from './organization-check.ts';
import { createOrganizationPages, type ListOrganizationPages } from './organization-pages.ts';
import { requireList } from './pages.ts';
import type { Read } from './read-call.ts';
import { readAccount, readAccountPath, readOrganizationId } from './schema.ts';
import { walkUnits } from './unit-walk.ts';

/**
 * The organization, asked as the worker itself. Two ways to the same answer: one chain of ListAccounts whose `Paths` tell the
 * units (50 pages for 1,000 accounts), or Teleport's walk, unit by unit, where that is denied or tells no paths.
 * Either way only the accounts of the scope are yielded.
 */
export function createOrganizations(deps: {
  readonly clients: Clients;
  readonly identities: Identities;
  readonly read: Read;
  readonly clock: Clock;
  readonly log: Logger | null;
}): OrganizationPort {
  const { organizations } = deps.clients;
  const listing = { organizations, list: createOrganizationPages(deps), log: deps.log };

  return {
    async *listAccounts(scope, signal) {
      const seen = new Set<string>();
      const keep = (page: readonly Account[]): Account[] =>
        page.filter((account) => {
          if (seen.has(account.accountId) || !isAccountInScope(account, scope)) return false;
          seen.add(account.accountId);
          return true;
        });

      const byPaths = listByPaths(listing, scope, signal);
      let step = await byPaths.next();
      while (step.done !== true) {
        yield keep(step.value);
        step = await byPaths.next();
      }
      if (step.value === 'complete') return;
      for await (const page of walkUnits(listing, scope, signal)) yield keep(page);
    },
    async listAccountTags(accountId, signal) {
      const tags: [string, string][] = [];
      const pages = listing.list('ListTagsForResource', signal, ({ NextToken }) =>
        organizations.send(
          new ListTagsForResourceCommand({
            ResourceId: accountId,
            ...(NextToken === undefined ? {} : { NextToken }),
          }),
        ),
      );
      for await (const reply of pages) {
        for (const { Key, Value } of requireList(reply.Tags, 'organizations:ListTagsForResource', 'Tags')) {
          if (Key !== undefined) tags.push([Key, Value ?? '']);
        }
      }
      return Object.fromEntries(tags);
    },
    callerAccount: (signal) => deps.identities.callerAccount(signal),
  };
}

/** Yields accounts with where they stand. Returns `walk` when it is denied or an account tells no path: what was yielded is right, but not all. */
async function* listByPaths(
  deps: {
    readonly organizations: OrganizationsClient;
    readonly list: ListOrganizationPages;
    readonly log: Logger | null;
  },
  scope: OrganizationScope,
  signal: AbortSignal,
): AsyncGenerator<readonly Account[], 'complete' | 'walk'> {
  const action = 'organizations:ListAccounts';
  let total = 0;
  try {
    const pages = deps.list('ListAccounts', signal, (page) =>
      deps.organizations.send(new ListAccountsCommand(page)),
    );
    for await (const reply of pages) {
      const page: Account[] = [];
      for (const account of requireList(reply.Accounts, action, 'Accounts')) {
        const path = readAccountPath(account.Paths?.[0] ?? '');
        const organizationId = path?.organizationId ?? readOrganizationId(account.Arn);
        if (organizationId !== null) assertOrganization(organizationId, scope);
        if (path === null) return 'walk';
        const read = readAccount(account, path.ancestorIds);
        if (read === null) deps.log?.warn({ action }, 'an account without a readable id was dropped');
        else page.push(read);
      }
      total += page.length;
      yield page;
    }
  } catch (error) {
    if (isJobError(error, 'aws.denied')) return 'walk';
    throw error;
  }
  if (total > 0) return 'complete';
  // Even an organization of one has its management account.
  throw new JobError('aws.unavailable', `${action} named no account`, { retry: 'backoff' });
}
