import {
  ListAccountsForParentCommand,
  ListChildrenCommand,
  ListRootsCommand,
  type OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { Account, OrganizationScope } from '../organization/account.ts';
import { JobError } from '../runtime/errors.ts';
import type { ListOrganizationPages } from './organization-pages.ts';
import { assertOrganization } from './organization-check.ts';
import { requireList } from './pages.ts';
import { readAccount, readOrganizationId } from './schema.ts';

/** What the walk is made with. */
export interface WalkDeps {
  readonly organizations: OrganizationsClient;
  readonly list: ListOrganizationPages;
}

/**
 * Teleport's way through an organization, which needs the guide's three permissions only. Depth first from the roots: an
 * excluded unit is not entered; one that is not included is passed through for the units below it, its own accounts unread.
 */
export async function* walkUnits(
  deps: WalkDeps,
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

async function listRoots(deps: WalkDeps, scope: OrganizationScope, signal: AbortSignal): Promise<string[][]> {
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

async function listChildrenOf(deps: WalkDeps, ParentId: string, signal: AbortSignal): Promise<string[]> {
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
  deps: WalkDeps,
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
