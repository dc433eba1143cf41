import type { z } from 'zod';
import { CommandError, EXIT } from '../command-context.ts';
import type { ApiClient, Query } from './api-client.ts';

/** The most that the API gives at once. */
const PAGE_ROWS = 500;

/** Rows of a list of the API, read page by page as they are taken. */
export interface ApiRows<Row> extends AsyncIterable<Row> {
  /** Rows over all pages; null before the first was read. */
  total(): number | null;
}

type PageSchema<Row> = z.ZodType<{
  readonly items: readonly Row[];
  readonly next: string | null;
  readonly total: number;
}>;

/** The rows of a list. @param most no more than these are wanted; null for all */
export function readPages<Row>(
  client: ApiClient,
  path: string,
  page: PageSchema<Row>,
  query: Query = {},
  most: number | null = null,
): ApiRows<Row> {
  let total: number | null = null;
  async function* rows(): AsyncGenerator<Row> {
    let left = most ?? Number.POSITIVE_INFINITY;
    let cursor: string | undefined;
    do {
      const limit = Math.max(1, Math.min(PAGE_ROWS, left));
      const read = await client.get(path, page, { ...query, limit, cursor });
      if (read === null) {
        throw new CommandError(
          EXIT.failed,
          `${client.name} knows no ${path}: its release is older than this command`,
        );
      }
      total = read.total;
      yield* read.items;
      left -= read.items.length;
      cursor = read.next ?? undefined;
    } while (cursor !== undefined && left > 0);
  }
  return { total: () => total, [Symbol.asyncIterator]: rows };
}
