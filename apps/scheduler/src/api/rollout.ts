import { Rollout, Wave, WavesPage, WavesQuery } from '@muster/api/rollout';
import type { AccountId } from '@muster/core/organization/ids';
import type { CoverageLedger } from '@muster/core/organization/coverage-store';
import type { ApiDeps } from './api-deps.ts';
import { pageOfRows } from './page-of-rows.ts';
import { brakeOf, capsOf, viewOfChange, viewOfFreeze, viewOfPause, viewOfRequest } from './rollout-view.ts';
import { answer, type ApiRoute, defineRoute } from './route.ts';
import { replyFromSnapshot } from './reply-from.ts';

/** Of the accounts that a held change adds hosts in, the first. */
const ACCOUNTS_SHOWN = 50;

export const rolloutRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/rollout',
    operationId: 'readRollout',
    tag: 'rollout',
    summary: 'What lets hosts begin, and what keeps them',
    role: 'viewer',
    answer: Rollout,
    handle: async (_asked, deps) =>
      replyFromSnapshot(await deps.readSnapshot(), deps, async ({ status, pauses }, freshness) => {
        const config = deps.config();
        const [places, approvals, held] = await Promise.all([
          deps.ledger.caps.places(),
          deps.ledger.approvals.requests(),
          readHeld(deps),
        ]);
        return answer({
          ...freshness,
          ...status.rollout,
          freezes: config.freeze.map((window) => viewOfFreeze(window, deps.clock.now())),
          caps: capsOf(config, places),
          brake: brakeOf(config, pauses),
          pauses: pauses.map(viewOfPause),
          approvals: approvals.map(viewOfRequest),
          held,
          waits: status.waits,
        });
      }),
  }),
  defineRoute({
    method: 'get',
    path: '/waves',
    operationId: 'listWaves',
    tag: 'rollout',
    summary: 'Where each wave stands',
    role: 'viewer',
    query: WavesQuery,
    list: {
      row: Wave,
      sorts: ['place', 'name', 'state', 'hosts', 'joined', 'failed', 'lost', 'underWay', 'waiting'],
      usualSort: 'place',
    },
    answer: WavesPage,
    handle: async ({ list }, deps) =>
      replyFromSnapshot(await deps.readSnapshot(), deps, ({ status }, freshness) => {
        const rows = status.rollout.waves.map((wave, place) => ({ ...wave, place }));
        const page = pageOfRows(rows, { list, idOf: ({ name }) => name, freshness });
        return answer({ ...page, items: page.items.map(({ place: _place, ...wave }) => wave) });
      }),
  }),
];

async function readHeld({ ledger }: Pick<ApiDeps, 'ledger'>): Promise<Rollout['held']> {
  const held = await ledger.selection.held();
  if (held === null) return null;
  const added = (await ledger.selection.addedByAccount()).slice(0, ACCOUNTS_SHOWN);
  const names = await readAccountNames(
    ledger.coverage,
    added.map(({ accountId }) => accountId),
  );
  return viewOfChange(
    held,
    added.map(({ accountId, hosts }) => ({ accountId, name: names.get(accountId) ?? '', hosts })),
  );
}

/** Names of accounts as Organizations has them, each asked once; one that the ledger does not know is left out. */
async function readAccountNames(
  coverage: Pick<CoverageLedger, 'account'>,
  accountIds: Iterable<AccountId>,
): Promise<ReadonlyMap<AccountId, string>> {
  const known = await Promise.all([...new Set(accountIds)].map((accountId) => coverage.account(accountId)));
  return new Map(
    known.filter((one) => one !== null).map(({ account }) => [account.accountId, account.name] as const),
  );
}
