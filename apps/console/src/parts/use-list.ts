import type { Page } from '@muster/api/paging';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { Query } from '../api/client.ts';
import { listQuery } from '../api/queries.ts';

/** A list of the API as far as it was scrolled to. */
export interface List<Answer extends Page<unknown>> {
  /** Every row that is loaded. */
  readonly rows: readonly Answer['items'][number][];
  /** The first page, with what it tells beside its rows; undefined until it is there. */
  readonly data: Answer | undefined;
  readonly error: unknown;
  readonly refetch: () => unknown;
  /** Asks for the next page, where there is one that is not being asked for already. */
  readonly onReachEnd: () => void;
  readonly hasMore: boolean;
}

/** Follows a list: `resource` is its path without the slash. */
export function useList<Answer extends Page<unknown>>(resource: string, query: Query): List<Answer> {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    listQuery<Answer>(resource, query),
  );
  const rows = useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
  const onReachEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return { rows, data: data?.pages[0], error, refetch, onReachEnd, hasMore: hasNextPage };
}
