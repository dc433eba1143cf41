import {
  ListAccountsCommand,
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListRootsCommand,
  ListTagsForResourceCommand,
  type OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { type Account, isAccountInScope, type OrganizationScope } from '../organization/account.ts';
import { isJobError, JobError } from '../runtime/errors.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { OrganizationPort } from '../organization/organization-port.ts';
import type { Clients } from './clients.ts';
import type { Identities } from './credentials/identity.ts';
import { createOrganizationPages, type ListOrganizationPages } from './organization-pages.ts';
import { requireList } from './pages.ts';
import type { Read } from './read-call.ts';
import { readAccount, readAccountPath, readOrganizationId } from './schema.ts';

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

/** What pages are listed with. */
interface Listing {
  readonly organizations: OrganizationsClient;
  readonly list: ListOrganizationPages;
}

/** Yields accounts with where they stand. Returns `walk` when it is denied or an account tells no path: what was yielded is right, but not all. */
async function* listByPaths(
  deps: Listing & { readonly log: Logger | null },
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

/**
 * Teleport's way through an organization, which needs the guide's three permissions only. Depth first from the roots: an
 * excluded unit is not entered; one that is not included is passed through for the units below it, its own accounts unread.
 */
async function* walkUnits(
  deps: Listing,
  scope: OrganizationScope,
  signal: AbortSignal,
): AsyncGenerator<readonly Account[], void, undefined> {
  const pending = await listRoots(deps, scope, signal);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const parentId = path.at(-1);
    if (parentId === undefined || path.some((id) => scope.excludeOus.includes(id))) continue;
    const isIncluded = scope.includeOus.includes('*') || path.some((id) => scope.includeOus.includes(id));
    if (isIncluded) yield* listAccountsOf(deps, parentId, path, signal);
    for (const childId of await listChildrenOf(deps, parentId, signal)) pending.push([...path, childId]);
  }
}

async function listRoots(deps: Listing, scope: OrganizationScope, signal: AbortSignal): Promise<string[][]> {
  const paths: string[][] = [];
  const pages = deps.list('ListRoots', signal, (page) => deps.organizations.send(new ListRootsCommand(page)));
  for await (const reply of pages) {
    for (const root of requireList(reply.Roots, 'organizations:ListRoots', 'Roots')) {
      assertOrganization(readOrganizationId(root.Arn), scope);
      if (root.Id !== undefined) paths.push([root.Id]);
    }
  }
  if (paths.length > 0) return paths;
  throw new JobError('aws.unavailable', 'organizations:ListRoots named no root', { retry: 'backoff' });
}

async function listChildrenOf(deps: Listing, ParentId: string, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  const pages = deps.list('ListChildren', signal, (page) =>
    deps.organizations.send(new ListChildrenCommand({ ...page, ParentId, ChildType: 'ORGANIZATIONAL_UNIT' })),
  );
  for await (const reply of pages) {
    for (const child of requireList(reply.Children, 'organizations:ListChildren', 'Children')) {
      if (child.Id !== undefined) ids.push(child.Id);
    }
  }
  return ids;
}

async function* listAccountsOf(
  deps: Listing,
  ParentId: string,
  path: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly Account[], void, undefined> {
  const pages = deps.list('ListAccountsForParent', signal, (page) =>
    deps.organizations.send(new ListAccountsForParentCommand({ ...page, ParentId })),
  );
  for await (const reply of pages) {
    const accounts = requireList(reply.Accounts, 'organizations:ListAccountsForParent', 'Accounts');
    yield accounts.map((account) => readAccount(account, path)).filter((account) => account !== null);
  }
}

/** Refuses to read another organization than the configured one. Throws `aws.organization`. */
function assertOrganization(organizationId: string | null, scope: OrganizationScope): void {
  if (organizationId === scope.organizationId) return;
  const found = organizationId ?? 'an organization without an id';
  const message = `these credentials read ${found}, the configuration names ${scope.organizationId}`;
  throw new JobError('aws.organization', message, {
    retry: 'never',
    details: { configured: scope.organizationId, found: organizationId },
  });
}
