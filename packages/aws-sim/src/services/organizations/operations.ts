import { type Listing, listingOf, readPage, readToken, writeToken } from '../../server/paging.ts';
import { ServiceError } from '../../server/service-error.ts';
import { integer, readRequest, required, text } from '../../server/shapes.ts';
import type { Call, OperationTable } from '../../server/simulation.ts';
import type { Account, OrganizationalUnit } from '../../world/model.ts';
import { accountAsOf } from '../../world/past-accounts.ts';
import { managementAccount } from '../../world/world.ts';
import { accountView, organizationView, rootView, unitView } from './views.ts';

const PAGE = { NextToken: text({ max: 100_000 }), MaxResults: integer({ min: 1, max: 20 }) } as const;
const PARENT_ID = /(r-[0-9a-z]{4,32})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})/u;
const CHILD_ID = /(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})/u;
const Parent = { ParentId: required(text({ max: 100, pattern: PARENT_ID })), ...PAGE } as const;
/** Root, account, unit, policy, resource policy. */
const TAGGED_ID =
  /^(r-[0-9a-z]{4,32})|(\d{12})|(ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})|(^p-[0-9a-zA-Z_]{8,128})|(^rp-[0-9a-zA-Z_]{4,128})$/u;
const DEFAULT_PAGE = 20;
/** A resource has at most so many tags: they always fit one page. */
const MAX_TAGS = 50;

/** Only the management account and delegated administrators may look around. */
function requireAdministrator(call: Call): void {
  const { world } = call.sim;
  const { accountId } = call.caller.principal;
  const isManagement = managementAccount(world).id === accountId;
  if (!isManagement && !world.access.delegatedAdministrators.includes(accountId)) {
    throw new ServiceError('AccessDeniedException', "You don't have permissions to access this resource.");
  }
}

interface PageInput {
  readonly NextToken: string | undefined;
  readonly MaxResults: number | undefined;
}

function page<T>(
  call: Call,
  input: PageInput,
  question: string,
  listing: Listing<T>,
): { rows: readonly T[]; token: { NextToken?: string } } {
  const from = input.NextToken === undefined ? 0 : readToken(input.NextToken, question);
  if (from === null) {
    throw new ServiceError('InvalidInputException', 'You provided a NextToken that is not valid.', 400, {
      Reason: 'INVALID_PAGINATION_TOKEN',
    });
  }
  const { rows, next } = readPage(listing, from, input.MaxResults ?? DEFAULT_PAGE, call.faults);
  return { rows, token: next === null ? {} : { NextToken: writeToken(next, question) } };
}

function parentUnit(call: Call, id: string): OrganizationalUnit {
  const unit = call.sim.world.tree.units.get(id);
  if (unit === undefined) {
    throw new ServiceError('ParentNotFoundException', "You specified parent that doesn't exist.");
  }
  return unit;
}

/** Accounts directly in a unit, by index. A stale answer looks at all accounts for those that were in it. */
function accountsOf(call: Call, unit: OrganizationalUnit): Account[] {
  const stale = call.asOfMs < call.nowMs;
  const candidates = stale ? call.sim.world.accounts : [...unit.accounts].sort((a, b) => a.index - b.index);
  return accountsThen(call, candidates).filter((account) => account.parentId === unit.id);
}

/** Accounts as they are, or as they were at the moment a stale answer shows. */
function accountsThen(call: Call, accounts: readonly Account[]): readonly Account[] {
  if (call.asOfMs >= call.nowMs) return accounts;
  return accounts.map((account) => accountAsOf(account, call.asOfMs)).filter((account) => account !== null);
}

function findAccount(call: Call, id: string): Account | undefined {
  const account = call.sim.world.accountsById.get(id);
  return account === undefined ? undefined : (accountAsOf(account, call.asOfMs) ?? undefined);
}

function unitsOf(call: Call, unit: OrganizationalUnit): OrganizationalUnit[] {
  return unit.childIds.map((id) => call.sim.world.tree.units.get(id)).filter((child) => child !== undefined);
}

function listAccounts(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest('organizations', PAGE, raw);
  const { world } = call.sim;
  const { rows, token } = page(call, input, 'ListAccounts', listingOf(accountsThen(call, world.accounts)));
  return { Accounts: rows.map((account) => accountView(world, account)), ...token };
}

function listAccountsForParent(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest('organizations', Parent, raw);
  const { world } = call.sim;
  const accounts = accountsOf(call, parentUnit(call, input.ParentId));
  const { rows, token } = page(call, input, `accounts/${input.ParentId}`, listingOf(accounts));
  return { Accounts: rows.map((account) => accountView(world, account)), ...token };
}

function listUnitsForParent(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest('organizations', Parent, raw);
  const units = unitsOf(call, parentUnit(call, input.ParentId));
  const { rows, token } = page(call, input, `units/${input.ParentId}`, listingOf(units));
  return { OrganizationalUnits: rows.map((unit) => unitView(call.sim.world, unit)), ...token };
}

function listChildren(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const ChildType = required(text({ oneOf: ['ACCOUNT', 'ORGANIZATIONAL_UNIT'] }));
  const input = readRequest('organizations', { ...Parent, ChildType }, raw);
  const unit = parentUnit(call, input.ParentId);
  const ids =
    input.ChildType === 'ACCOUNT' ? accountsOf(call, unit).map((account) => account.id) : unit.childIds;
  const { rows, token } = page(call, input, `${input.ChildType}/${input.ParentId}`, listingOf(ids));
  return { Children: rows.map((Id) => ({ Id, Type: input.ChildType })), ...token };
}

function listParents(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest(
    'organizations',
    { ChildId: required(text({ max: 100, pattern: CHILD_ID })), ...PAGE },
    raw,
  );
  const { world } = call.sim;
  const account = findAccount(call, input.ChildId);
  const parentId = account === undefined ? world.tree.units.get(input.ChildId)?.parentId : account.parentId;
  if (parentId === undefined || parentId === null) {
    throw new ServiceError(
      'ChildNotFoundException',
      "You specified an organizational unit (OU) or account that doesn't exist.",
    );
  }
  const Type = parentId === world.tree.rootId ? 'ROOT' : 'ORGANIZATIONAL_UNIT';
  return { Parents: [{ Id: parentId, Type }] };
}

function listRoots(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest('organizations', PAGE, raw);
  const { rows, token } = page(call, input, 'ListRoots', listingOf([rootView(call.sim.world)]));
  return { Roots: rows, ...token };
}

function describeAccount(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest(
    'organizations',
    { AccountId: required(text({ max: 12, pattern: /\d{12}/u })) },
    raw,
  );
  const account = findAccount(call, input.AccountId);
  if (account === undefined) {
    throw new ServiceError('AccountNotFoundException', "You specified an account that doesn't exist.");
  }
  return { Account: accountView(call.sim.world, account) };
}

function describeUnit(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const OrganizationalUnitId = required(text({ max: 68, pattern: /ou-[0-9a-z]{4,32}-[a-z0-9]{8,32}/u }));
  const input = readRequest('organizations', { OrganizationalUnitId }, raw);
  const unit = call.sim.world.tree.units.get(input.OrganizationalUnitId);
  if (unit === undefined) {
    throw new ServiceError(
      'OrganizationalUnitNotFoundException',
      "You specified an organizational unit (OU) that doesn't exist.",
    );
  }
  return { OrganizationalUnit: unitView(call.sim.world, unit) };
}

function listDelegatedAdministrators(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const input = readRequest('organizations', { ServicePrincipal: text({ min: 1, max: 128 }), ...PAGE }, raw);
  const { world } = call.sim;
  const accounts = world.access.delegatedAdministrators.map((id) => world.accountsById.get(id));
  const known = accounts.filter((account) => account !== undefined);
  const { rows, token } = page(call, input, 'ListDelegatedAdministrators', listingOf(known));
  const DelegationEnabledDate = call.sim.clock.startedAtMs / 1000;
  return {
    DelegatedAdministrators: rows.map((account) => {
      const { Paths: _paths, ...view } = accountView(world, account);
      return { ...view, DelegationEnabledDate };
    }),
    ...token,
  };
}

/** Tags of accounts; units and the root have none here, policies do not exist. */
function listTagsForResource(call: Call, raw: unknown): unknown {
  requireAdministrator(call);
  const ResourceId = required(text({ max: 130, pattern: TAGGED_ID }));
  const input = readRequest('organizations', { ResourceId, NextToken: PAGE.NextToken }, raw);
  const { tree } = call.sim.world;
  const account = findAccount(call, input.ResourceId);
  if (account === undefined && !tree.units.has(input.ResourceId)) {
    throw new ServiceError('TargetNotFoundException', "You specified a target that doesn't exist.");
  }
  const tags = Object.entries(account?.tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
  const question = { NextToken: input.NextToken, MaxResults: MAX_TAGS };
  const { rows, token } = page(call, question, `tags/${input.ResourceId}`, listingOf(tags));
  return { Tags: rows, ...token };
}

function describeOrganization(call: Call): unknown {
  // Any account of the organization may ask.
  return { Organization: organizationView(call.sim.world) };
}

/** Operations of Organizations. */
export const ORGANIZATIONS_OPERATIONS: OperationTable<unknown, unknown> = {
  DescribeOrganization: { handle: describeOrganization },
  ListAccounts: { handle: listAccounts },
  ListAccountsForParent: { handle: listAccountsForParent },
  ListOrganizationalUnitsForParent: { handle: listUnitsForParent },
  ListChildren: { handle: listChildren },
  ListParents: { handle: listParents },
  ListRoots: { handle: listRoots },
  DescribeAccount: { handle: describeAccount },
  DescribeOrganizationalUnit: { handle: describeUnit },
  ListDelegatedAdministrators: { handle: listDelegatedAdministrators },
  ListTagsForResource: { handle: listTagsForResource },
};
