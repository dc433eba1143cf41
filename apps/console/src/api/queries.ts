/**
 * What the pages ask for. The first part of each key is the name of a resource as the stream of changes says it: a change
 * of a resource asks again for all of its answers that are shown.
 */
import type { Access } from '@muster/api/access';
import type { ActionRow } from '@muster/api/actions';
import type { History, HistoryQuery } from '@muster/api/history';
import type { EffectiveConfiguration, Processes, RedisFacts } from '@muster/api/installation';
import type { Overview } from '@muster/api/overview';
import type { Page } from '@muster/api/paging';
import type { Rollout } from '@muster/api/rollout';
import type { Session } from '@muster/api/session';
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask, type Query, takeCsrfToken } from './client.ts';

/** Rows that a list asks for at once. */
const ROWS_AT_ONCE = 100;
/** History has a point every five minutes. */
const HISTORY_FRESH_MS = 60_000;
/** What no event tells of is asked for again after this. */
const FIGURES_MS = 10_000;

/** Who is signed in. Every tab asks again when it comes to the front: the session may have ended. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async ({ signal }) => {
    const session = await ask<Session>('/auth/session', {}, signal);
    takeCsrfToken(session.csrf);
    return session;
  },
  staleTime: 60_000,
});

export const overviewQuery = queryOptions({
  queryKey: ['overview'],
  queryFn: ({ signal }) => ask<Overview>('/overview', {}, signal),
  refetchInterval: FIGURES_MS,
});

export const rolloutQuery = queryOptions({
  queryKey: ['rollout'],
  queryFn: ({ signal }) => ask<Rollout>('/rollout', {}, signal),
  refetchInterval: FIGURES_MS,
});

export function historyQuery(query: { readonly series: HistoryQuery['series']; readonly from?: string }) {
  return queryOptions({
    queryKey: ['history', query] as const,
    queryFn: ({ signal }) => ask<History>('/history', query, signal),
    // The lines of another chart are none to keep while this one's are read.
    placeholderData: (before, asked) => (asked?.queryKey[1].series === query.series ? before : undefined),
    staleTime: HISTORY_FRESH_MS,
    refetchInterval: HISTORY_FRESH_MS,
  });
}

/** All pages of a list that were scrolled to. `resource` is its path without the slash. */
export function listQuery<Answer extends Page<unknown>>(resource: string, query: Query) {
  return infiniteQueryOptions({
    queryKey: [resource, query],
    queryFn: ({ signal, pageParam }) =>
      ask<Answer>(
        `/${resource}`,
        { limit: ROWS_AT_ONCE, ...query, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next,
  });
}

/** An action while it runs. */
export function actionQuery(id: string) {
  return queryOptions({
    queryKey: ['actions', id],
    queryFn: ({ signal }) => ask<ActionRow>(`/actions/${encodeURIComponent(id)}`, {}, signal),
    refetchInterval: ({ state }) => (state.data?.state === 'running' ? 1_000 : false),
  });
}

export const configurationQuery = queryOptions({
  queryKey: ['configuration'],
  queryFn: ({ signal }) => ask<EffectiveConfiguration>('/configuration', {}, signal),
});

/** For admins alone. */
export const accessQuery = queryOptions({
  queryKey: ['access'],
  queryFn: ({ signal }) => ask<Access>('/access', {}, signal),
  refetchInterval: FIGURES_MS,
});

export const processesQuery = queryOptions({
  queryKey: ['processes'],
  queryFn: ({ signal }) => ask<Processes>('/processes', {}, signal),
  refetchInterval: FIGURES_MS,
});

export const redisQuery = queryOptions({
  queryKey: ['redis'],
  queryFn: ({ signal }) => ask<RedisFacts>('/redis', {}, signal),
  refetchInterval: FIGURES_MS,
});
