/** Lists of accounts, units and targets, and the map of both: small enough to be filtered and sorted in memory. */
import type { AccountsQuery, CoverageMap, TargetRow, TargetsQuery, UnitRow } from '@muster/api/accounts';
import { pageOfRows } from '../api/page-of-rows.ts';
import type { FoundPage, WantedPage } from './answer.ts';
import { type AccountSums, type Places, timeOf, WHOLE_ACCOUNT_REGION } from './place-rollup.ts';

/** Which accounts are wanted. */
export type AccountFilter = Pick<AccountsQuery, 'q' | 'unit' | 'status' | 'state' | 'cause'>;
/** Which targets are wanted. */
export type TargetFilter = Pick<TargetsQuery, 'q' | 'unit' | 'status' | 'account' | 'region'>;

const SUMS = ['hosts', 'joined', 'lost', 'failed', 'ineligible', 'underWay'] as const;

/** Fields of `AccountRow` that its list can be sorted by. */
export const ACCOUNT_SORTS = [
  ...(['accountId', 'name', 'status', 'cause', 'regions', 'lastCompleteAt'] as const),
  ...SUMS,
] satisfies readonly (keyof AccountSums)[];

/** Fields of `TargetRow` that its list can be sorted by. */
export const TARGET_SORTS = [
  ...(['accountId', 'accountName', 'region', 'status', 'cause', 'lastReadAt', 'lastCompleteAt'] as const),
  ...SUMS,
] satisfies readonly (keyof TargetRow)[];

/** Fields of `UnitRow` that its list can be sorted by. */
export const UNIT_SORTS = [
  ...(['unitId', 'name', 'accounts', 'denied', 'hosts', 'joined', 'lost', 'failed'] as const),
] satisfies readonly (keyof UnitRow)[];

export function listAccounts(
  places: Places,
  filter: AccountFilter,
  page: WantedPage,
): FoundPage<AccountSums> {
  return pageOf(accountsOf(places, filter), page, ({ accountId }) => accountId);
}

/** Whatever is told of its age is told later, and so is the cursor: it is sealed where the request is known. */
function pageOf<Row extends object>(
  rows: readonly Row[],
  page: WantedPage,
  idOf: (row: Row) => string,
): FoundPage<Row> {
  let last: FoundPage<Row>['last'] = null;
  const list = {
    ...page,
    fields: null,
    cursorAfter: (position: NonNullable<FoundPage<Row>['last']>) => {
      last = position;
      return '';
    },
  };
  const { items, total } = pageOfRows(rows, {
    list,
    idOf,
    freshness: { asOf: '', ageMs: 0, stale: false },
  });
  return { items, total, last };
}

function accountsOf({ accounts, targets }: Places, query: AccountFilter): readonly AccountSums[] {
  const { unit, status, state, cause } = query;
  const ofTargets =
    cause === undefined
      ? null
      : new Set(targets.filter((one) => cause.includes(one.cause ?? '')).map(({ accountId }) => accountId));
  const isFound = finder(query.q);
  return accounts.filter(
    (account) =>
      (unit === undefined || account.unitPath.includes(unit)) &&
      (status === undefined || status.includes(account.status)) &&
      (state === undefined || state.some((one) => Object.hasOwn(account.byState, one))) &&
      (cause === undefined ||
        ofTargets?.has(account.accountId) === true ||
        cause.some((one) => Object.hasOwn(account.byCause, one))) &&
      isFound([account.accountId, account.name]),
  );
}

export function listTargets(
  { accounts, targets }: Places,
  filter: TargetFilter,
  page: WantedPage,
): FoundPage<TargetRow> {
  const { account, region, unit, status } = filter;
  const inUnit =
    unit === undefined
      ? null
      : new Set(accounts.filter(({ unitPath }) => unitPath.includes(unit)).map(({ accountId }) => accountId));
  const isFound = finder(filter.q);
  const rows = targets.filter(
    (target) =>
      (account === undefined || account.includes(target.accountId)) &&
      (region === undefined || region.includes(target.region)) &&
      (inUnit === null || inUnit.has(target.accountId)) &&
      (status === undefined || status.includes(target.status)) &&
      isFound([target.accountId, target.accountName, target.region]),
  );
  const { items, ...found } = pageOf(rows, page, (row) => `${row.accountId}.${row.region}`);
  return {
    ...found,
    items: items.map((row) => ({
      ...row,
      lastReadAt: timeOf(row.lastReadAt),
      lastCompleteAt: timeOf(row.lastCompleteAt),
    })),
  };
}

/** Units above known accounts. AWS is not asked for their names: its required permissions do not tell them. */
export function listUnits({ accounts }: Places, page: WantedPage): FoundPage<UnitRow> {
  const units = new Map<string, UnitRow>();
  for (const account of accounts) {
    for (const [depth, unitId] of account.unitPath.entries()) {
      const unit = units.get(unitId) ?? newUnit(unitId, account.unitPath[depth - 1] ?? null);
      units.set(unitId, unit);
      unit.accounts += 1;
      if (account.status === 'denied') unit.denied += 1;
      for (const sum of ['hosts', 'joined', 'lost', 'failed'] as const) unit[sum] += account[sum];
    }
  }
  return pageOf([...units.values()], page, ({ unitId }) => unitId);
}

function newUnit(unitId: string, parentId: string | null): UnitRow {
  return { unitId, parentId, name: '', accounts: 0, denied: 0, hosts: 0, joined: 0, lost: 0, failed: 0 };
}

export function mapPlaces(places: Places, filter: AccountFilter): CoverageMap {
  const within = [...places.withinWhole.keys()].map((id) => id.slice(id.indexOf('.') + 1));
  const regions = [...new Set([...places.targets.map(({ region }) => region), ...within])]
    .filter((region) => region !== WHOLE_ACCOUNT_REGION)
    .toSorted();
  const column = new Map(regions.map((region, nth) => [region, nth] as const));
  const wanted = accountsOf(places, filter).toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
  type Cell = CoverageMap['accounts'][number]['cells'][number];
  const cellsOf = new Map(wanted.map(({ accountId }) => [accountId, regions.map((): Cell => null)] as const));
  for (const target of places.targets) {
    const { accountId, region, status } = target;
    const cells = cellsOf.get(accountId);
    if (cells === undefined) continue;
    // An account that cannot be entered is so in every region, and each shows the hosts that are known in it.
    const isWhole = region === WHOLE_ACCOUNT_REGION;
    for (const one of isWhole ? regions : [region]) {
      const sums = isWhole ? places.withinWhole.get(`${accountId}.${one}`) : target;
      const { hosts, joined, failed, lost } = sums ?? { hosts: 0, joined: 0, failed: 0, lost: 0 };
      cells[column.get(one) ?? 0] = [status, hosts, joined, failed + lost];
    }
  }
  return {
    regions,
    accounts: wanted.map(({ accountId, name }) => ({ accountId, name, cells: cellsOf.get(accountId) ?? [] })),
  };
}

/** Whether each word of a search is part of one of a row's texts. */
function finder(q = ''): (texts: readonly string[]) => boolean {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return () => true;
  return (texts) => words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));
}
