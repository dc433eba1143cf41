import { z } from 'zod';
import {
  AccountRow,
  AccountsPage,
  AccountsQuery,
  CoverageMap,
  TargetRow,
  TargetsPage,
  TargetsQuery,
  UnitRow,
  UnitsPage,
} from '@muster/api/accounts';
import { Freshness, ListQuery } from '@muster/api/paging';
import { AccountId, CoverageStatus } from '@muster/api/scopes';
import { ACCOUNT_SORTS, TARGET_SORTS, UNIT_SORTS } from '../read-model/place-list.ts';
import type { AccountSums } from '../read-model/place-rollup.ts';
import type { ApiDeps } from './api-deps.ts';
import { checkFilter } from './instance-words.ts';
import { faultsOfWords } from './list-request.ts';
import { replyFromModel } from './reply-from.ts';
import { invalidRequest, problem, type RequestFault } from './problem.ts';
import { answer, type ApiRoute, defineRoute, refuse } from './route.ts';

/** Filters of accounts, for the list and the map. */
const AccountFilter = AccountsQuery.omit({ limit: true, cursor: true, sort: true, fields: true });

/** Accounts, organizational units, targets, and the map of accounts by regions. */
export const accountRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/accounts',
    operationId: 'listAccounts',
    tag: 'accounts',
    summary: 'Accounts with the sums of their hosts',
    role: 'viewer',
    query: AccountsQuery,
    list: { row: AccountRow, sorts: ACCOUNT_SORTS, usualSort: 'name' },
    answer: AccountsPage,
    async handle({ query, list }, deps) {
      const faults = await faultsOfAccounts(query, deps);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      const paused = await readPaused(deps);
      return replyFromModel(await deps.readModel.accounts(query, list), (page) =>
        answer({ ...page, items: page.items.map(paused) }),
      );
    },
  }),
  defineRoute({
    method: 'get',
    path: '/accounts/{accountId}',
    operationId: 'readAccount',
    tag: 'accounts',
    summary: 'One account',
    role: 'viewer',
    params: z.object({ accountId: AccountId }),
    answer: AccountRow,
    problems: [404],
    async handle({ params: { accountId } }, deps) {
      const paused = await readPaused(deps);
      return replyFromModel(await deps.readModel.account(accountId), (account) =>
        account === null
          ? refuse(problem(404, 'No listing of the organization has shown this account, or it has left.'))
          : answer(paused(account)),
      );
    },
  }),
  defineRoute({
    method: 'get',
    path: '/units',
    operationId: 'listUnits',
    tag: 'accounts',
    summary: 'Organizational units with the sums of the accounts below them',
    role: 'viewer',
    query: ListQuery,
    list: { row: UnitRow, sorts: UNIT_SORTS, usualSort: 'unitId' },
    answer: UnitsPage,
    handle: async ({ list }, { readModel }) =>
      replyFromModel(await readModel.units(list), (page) => answer(page)),
  }),
  defineRoute({
    method: 'get',
    path: '/targets',
    operationId: 'listTargets',
    tag: 'accounts',
    summary: 'Accounts × regions, and how each was read',
    role: 'viewer',
    query: TargetsQuery,
    list: { row: TargetRow, sorts: TARGET_SORTS, usualSort: 'accountId,region' },
    answer: TargetsPage,
    async handle({ query, list }, { readModel }) {
      const faults = faultsOfStatus(query.status);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      return replyFromModel(await readModel.targets(query, list), (page) => answer(page));
    },
  }),
  defineRoute({
    method: 'get',
    path: '/coverage-map',
    operationId: 'readCoverageMap',
    tag: 'accounts',
    summary: 'All accounts by all regions',
    role: 'viewer',
    query: AccountFilter,
    answer: CoverageMap.extend(Freshness.shape),
    async handle({ query }, deps) {
      const faults = await faultsOfAccounts(query, deps);
      if (faults.length > 0) return refuse(invalidRequest(faults));
      return replyFromModel(await deps.readModel.map(query), (map) => answer(map));
    },
  }),
];

/** Causes are not looked at: one of a target may be of a newer release, and no snapshot tells those. */
async function faultsOfAccounts(
  { status, state }: Pick<AccountsQuery, 'status' | 'state'>,
  deps: Pick<ApiDeps, 'readSnapshot'>,
): Promise<readonly RequestFault[]> {
  return [...faultsOfStatus(status), ...(await checkFilter({ state }, deps))];
}

function faultsOfStatus(words: readonly string[] | undefined): readonly RequestFault[] {
  return faultsOfWords('status', words ?? [], CoverageStatus.options);
}

/** Adds whether a pause covers a whole account: of pauses the ledger itself is asked, since an operator relies on them. */
async function readPaused({
  ledger,
}: Pick<ApiDeps, 'ledger'>): Promise<(account: AccountSums) => AccountRow> {
  const scopes = new Set<string>((await ledger.control.pauses()).map(({ scope }) => scope));
  return (account) => ({
    ...account,
    paused: scopes.has('all') || scopes.has(`account:${account.accountId}`),
  });
}
