/** Lists of accounts, units and targets, and the map of both: small enough to be filtered and sorted in memory. */
import type { AccountsQuery, CoverageMap, TargetRow, TargetsQuery, UnitRow } from '@muster/api/accounts';
import type { Answer, ListRequest } from './answer.ts';
import { pageOfRows, type RowPage } from './page-of-rows.ts';
import type { AccountSums, Places } from './place-rollup.ts';
import { WHOLE_ACCOUNT_REGION } from './schema.ts';

/** Which accounts of the map are wanted. */
export type MapFilter = Pick<AccountsQuery, 'q' | 'unit' | 'status' | 'state' | 'cause'>;

const SUMS = ['hosts', 'joined', 'lost', 'failed', 'ineligible', 'underWay'] as const;

export function listAccounts(places: Places, query: MapFilter & ListRequest): Answer<RowPage<AccountSums>> {
  return pageOfRows(accountsOf(places, query), query, {
    known: ['accountId', 'name', 'status', 'cause', 'regions', 'lastCompleteAt', ...SUMS],
    usual: 'name',
    id: 'accountId',
  });
}

function accountsOf({ accounts, targets }: Places, query: MapFilter): readonly AccountSums[] {
  const { unit, status, state, cause } = query;
  const ofTargets =
    cause === undefined
      ? null
      : new Set(targets.filter((one) => cause.includes(one.cause ?? '')).map(({ accountId }) => accountId));
  return accounts.filter(
    (account) =>
      (unit === undefined || account.unitPath.includes(unit)) &&
      (status === undefined || status.includes(account.status)) &&
      (state === undefined || state.some((one) => Object.hasOwn(account.byState, one))) &&
      (cause === undefined ||
        ofTargets?.has(account.accountId) === true ||
        cause.some((one) => Object.hasOwn(account.byCause, one))) &&
      isFound([account.accountId, account.name], query.q),
  );
}

export function listTargets({ accounts, targets }: Places, query: TargetsQuery): Answer<RowPage<TargetRow>> {
  const { account, region, unit, status } = query;
  const inUnit =
    unit === undefined
      ? null
      : new Set(accounts.filter(({ unitPath }) => unitPath.includes(unit)).map(({ accountId }) => accountId));
  const rows = targets.filter(
    (target) =>
      (account === undefined || account.includes(target.accountId)) &&
      (region === undefined || region.includes(target.region)) &&
      (inUnit === null || inUnit.has(target.accountId)) &&
      (status === undefined || status.includes(target.status)) &&
      isFound([target.accountId, target.accountName, target.region], query.q),
  );
  const page = pageOfRows(
    rows.map((row) => ({ ...row, target: `${row.accountId}.${row.region}` })),
    query,
    {
      known: [
        'accountId',
        'accountName',
        'region',
        'status',
        'cause',
        'lastReadAt',
        'lastCompleteAt',
        'target',
        ...SUMS,
      ],
      usual: 'target',
      id: 'target',
    },
  );
  if (page.kind !== 'answer') return page;
  return {
    kind: 'answer',
    value: { ...page.value, items: page.value.items.map(({ target: _, ...row }) => row) },
  };
}

/** Units above known accounts. AWS is not asked for their names: its required permissions do not tell them. */
export function listUnits({ accounts }: Places, request: ListRequest): Answer<RowPage<UnitRow>> {
  const units = new Map<string, { -readonly [Field in keyof UnitRow]: UnitRow[Field] }>();
  for (const account of accounts) {
    for (const [depth, unitId] of account.unitPath.entries()) {
      const parentId = account.unitPath[depth - 1] ?? null;
      const unit = units.get(unitId) ?? {
        ...{ unitId, parentId, name: '', accounts: 0, denied: 0 },
        ...{ hosts: 0, joined: 0, lost: 0, failed: 0 },
      };
      units.set(unitId, unit);
      unit.accounts += 1;
      if (account.status === 'denied') unit.denied += 1;
      for (const sum of ['hosts', 'joined', 'lost', 'failed'] as const) unit[sum] += account[sum];
    }
  }
  return pageOfRows([...units.values()], request, {
    known: ['unitId', 'name', 'accounts', 'denied', 'hosts', 'joined', 'lost', 'failed'],
    usual: 'unitId',
    id: 'unitId',
  });
}

export function mapPlaces(places: Places, filter: MapFilter): CoverageMap {
  const regions = [...new Set(places.targets.map(({ region }) => region))]
    .filter((region) => region !== WHOLE_ACCOUNT_REGION)
    .toSorted();
  const column = new Map(regions.map((region, nth) => [region, nth] as const));
  const wanted = accountsOf(places, filter).toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
  type Cell = CoverageMap['accounts'][number]['cells'][number];
  const cellsOf = new Map(wanted.map(({ accountId }) => [accountId, regions.map((): Cell => null)] as const));
  for (const { accountId, region, status, hosts, joined, failed, lost } of places.targets) {
    const cells = cellsOf.get(accountId);
    if (cells === undefined) continue;
    const cell: Cell = [status, hosts, joined, failed + lost];
    // An account that cannot be entered is so in every region.
    if (region === WHOLE_ACCOUNT_REGION) cells.fill(cell);
    else cells[column.get(region) ?? 0] = cell;
  }
  return {
    regions,
    accounts: wanted.map(({ accountId, name }) => ({ accountId, name, cells: cellsOf.get(accountId) ?? [] })),
  };
}

function isFound(texts: readonly string[], q = ''): boolean {
  const words = q.toLowerCase().split(/\s+/);
  return words.every((word) => texts.some((text) => text.toLowerCase().includes(word)));
}
