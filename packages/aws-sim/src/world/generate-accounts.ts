import { between, hashNumbers, pick, unit } from './hash.ts';
import { accountIdFor, token } from './identifiers.ts';
import type { Account, OrganizationalUnit, RegionStatus, RoleState } from './model.ts';
import type { Scenario } from './scenarios.ts';

const TOP_UNITS = ['Workloads', 'Platform', 'Sandbox', 'Security', 'Suspended'] as const;
const STAGES = ['Production', 'Staging', 'Development'] as const;
const DAY_MS = 86_400_000;

/** The tree of organizational units, by id, with its single root. */
export interface UnitTree {
  readonly rootId: string;
  readonly units: Map<string, OrganizationalUnit>;
}

/** A tree that has only the root. */
export function createUnitTree(seed: number): UnitTree {
  const rootId = `r-${token(seed, 'root', 4)}`;
  const root: OrganizationalUnit = {
    id: rootId,
    name: 'Root',
    parentId: null,
    childIds: [],
    accounts: new Set(),
  };
  return { rootId, units: new Map([[rootId, root]]) };
}

/** The unit at a path of names below the root (`Workloads/Production`; empty for the root), made when it is missing. */
export function unitAt(tree: UnitTree, seed: number, path: string): OrganizationalUnit {
  let unit = rootOf(tree);
  let soFar = '';
  for (const name of path.split('/').filter((part) => part !== '')) {
    soFar += `/${name}`;
    unit = childNamed(tree, unit, name, seed, soFar);
  }
  return unit;
}

function rootOf(tree: UnitTree): OrganizationalUnit {
  const root = tree.units.get(tree.rootId);
  if (root === undefined) throw new Error('the tree has no root');
  return root;
}

function childNamed(
  tree: UnitTree,
  parent: OrganizationalUnit,
  name: string,
  seed: number,
  path: string,
): OrganizationalUnit {
  for (const id of parent.childIds) {
    const child = tree.units.get(id);
    if (child?.name === name) return child;
  }
  const id = `ou-${tree.rootId.slice(2)}-${token(seed, path, 8)}`;
  const child: OrganizationalUnit = { id, name, parentId: parent.id, childIds: [], accounts: new Set() };
  tree.units.set(id, child);
  parent.childIds.push(id);
  return child;
}

/** What generated accounts are made from. */
export interface AccountOrder {
  readonly seed: number;
  readonly count: number;
  readonly regions: readonly string[];
  readonly scenario: Scenario;
  readonly tree: UnitTree;
  readonly startedAtMs: number;
}

/** Makes the accounts of a generated world; the first is the management account and always in good order. */
export function generateAccounts(order: AccountOrder): Account[] {
  const { seed, count, scenario } = order;
  const ids = new Set<string>();
  const accounts: Account[] = [];
  const unitCount = Math.min(1_900, Math.max(3, Math.ceil(count / 12)));
  for (let index = 0; index < count; index += 1) {
    const id = accountIdFor(seed, index, (taken) => ids.has(taken));
    ids.add(id);
    const unit = index === 0 ? unitAt(order.tree, seed, '') : unitOf(order, index, unitCount);
    const account: Account = {
      index,
      id,
      name: index === 0 ? 'management' : `account-${String(index).padStart(5, '0')}`,
      email: `aws+${index}@example.com`,
      joinedAtMs: order.startedAtMs - between(hashNumbers(seed, index, 0x701), 2, 1_500) * DAY_MS - index,
      joinedMethod: unitIs(seed, index, 0.1) ? 'INVITED' : 'CREATED',
      state: 'ACTIVE',
      parentId: unit.id,
      role: 'ok',
      deniedActions: [],
      deniedRegions: [],
      regionOverrides: undefined,
      tags: accountTags(seed, index),
    };
    unit.accounts.add(account);
    accounts.push(account);
  }
  spoil(order, accounts, scenario);
  return accounts;
}

const COST_CENTERS = ['cc-1001', 'cc-1002', 'cc-2001', 'cc-3001'] as const;

/** Two thirds of the accounts are tagged, as in an organization where that came later. */
function accountTags(seed: number, index: number): Readonly<Record<string, string>> {
  const hash = hashNumbers(seed, index, 0x7a6);
  if (hash % 3 === 0) return {};
  return { 'cost-center': pick(hash >>> 4, COST_CENTERS), 'managed-by': 'landing-zone' };
}

function unitIs(seed: number, index: number, share: number): boolean {
  return unit(hashNumbers(seed, index, 0x702)) < share;
}

/** Two to four levels: kind, stage and, in larger worlds, a team. */
function unitOf(order: AccountOrder, index: number, unitCount: number): OrganizationalUnit {
  const { seed, tree } = order;
  const nth = hashNumbers(seed, index, 0x0f) % unitCount;
  const top = pick(hashNumbers(seed, nth, 0x10), TOP_UNITS);
  if (top !== 'Workloads' && nth % 3 === 0) return unitAt(tree, seed, top);
  const stage = pick(hashNumbers(seed, nth, 0x11), STAGES);
  const team = unitCount > 12 ? `/Team ${nth}` : '';
  return unitAt(tree, seed, `${top}/${stage}${team}`);
}

/** Deals a scenario's troubles to different accounts, never to the management account. */
function spoil(order: AccountOrder, accounts: readonly Account[], scenario: Scenario): void {
  const { seed, regions } = order;
  const deck = accounts
    .slice(1)
    .map((account) => ({ account, rank: hashNumbers(seed, account.index, 0xdec) }))
    .sort((a, b) => a.rank - b.rank || a.account.index - b.account.index)
    .map((entry) => entry.account);
  const deal = (share: number, fromAccounts: number): Account[] => {
    const wanted = Math.round(share * accounts.length);
    return deck.splice(0, share > 0 && accounts.length >= fromAccounts ? Math.max(1, wanted) : 0);
  };
  const locks: RoleState[] = ['denied', 'missing', 'wrong-external-id'];
  for (const [i, account] of deal(scenario.lockedAccounts, 5).entries()) {
    account.role = locks[i % locks.length] ?? 'denied';
  }
  for (const account of deal(scenario.suspendedAccounts, 10)) account.state = 'SUSPENDED';
  for (const account of deal(scenario.deniedRegionAccounts, 10)) {
    const region = regions[1 + (account.index % Math.max(1, regions.length - 1))];
    if (region !== undefined) account.deniedRegions = [region];
  }
  const optIn = scenario.optInRegion ? regions.at(-1) : undefined;
  if (optIn === undefined) return;
  for (const account of deal(scenario.optedOutAccounts, 5)) {
    account.regionOverrides = new Map<string, RegionStatus>([[optIn, 'DISABLED']]);
  }
}
