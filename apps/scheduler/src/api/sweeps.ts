import { Sweep, SweepsPage, SweepsQuery } from '@muster/api/sweeps';
import type { EndedSweep } from '@muster/core/organization/sweep-store';
import { type OrganizationStatus, unreadIn } from '@muster/core/reports/organization-status';
import type { Snapshot } from '../http/snapshot.ts';
import { pageOfRows } from './page-of-rows.ts';
import { answer, type ApiRoute, defineRoute } from './route.ts';
import { replyFromSnapshot } from './reply-from.ts';

/** One that has ended. */
export function viewOfEnded(sweep: EndedSweep): Sweep {
  const { id, startedAtMs, finishedAtMs, verdict, accounts, targets } = sweep;
  return {
    id,
    state: 'finished',
    verdict,
    startedAt: new Date(startedAtMs).toISOString(),
    finishedAt: new Date(finishedAtMs).toISOString(),
    accounts,
    targets,
    notRead: unreadIn(sweep),
  };
}

/** The newest: it runs, or ended last; null before the first. */
export function newestSweep({ sweep }: OrganizationStatus): Sweep | null {
  const { id, startedAt } = sweep;
  return id === null || startedAt === null ? null : { ...sweep, id, startedAt };
}

function sweepsOf({ status, endedSweeps }: Snapshot): readonly Sweep[] {
  const newest = newestSweep(status);
  const others = endedSweeps.filter(({ id }) => id !== newest?.id);
  return [...(newest === null ? [] : [newest]), ...others.map(viewOfEnded)];
}

export const sweepRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: 'get',
    path: '/sweeps',
    operationId: 'listSweeps',
    tag: 'system',
    summary: 'Readings of the whole organization',
    description:
      'The one that runs, and the last 50 that ended. One that another took the place of is not among them.',
    role: 'viewer',
    query: SweepsQuery,
    list: { row: Sweep, sorts: ['startedAt', 'finishedAt', 'state', 'verdict'], usualSort: '-startedAt' },
    answer: SweepsPage,
    handle: async ({ list }, deps) =>
      replyFromSnapshot(await deps.readSnapshot(), deps, (snapshot, freshness) =>
        answer(pageOfRows(sweepsOf(snapshot), { list, idOf: ({ id }) => id, freshness })),
      ),
  }),
];
