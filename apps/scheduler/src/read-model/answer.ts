import type { ListAsked } from '../api/list-request.ts';
import type { Position } from '../api/cursor.ts';

/** What the read model says to a question. `building`: there is no data yet. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  | { readonly kind: 'building'; readonly retryAfterMs: number };

/** Which page of a list is wanted; its sort is known to be one of the list's. */
export type WantedPage = Pick<ListAsked, 'limit' | 'sort' | 'after'>;

/** A page of rows, before its age and its cursor are told. */
export interface FoundPage<Row> {
  readonly items: readonly Row[];
  /** Behind which row the next page begins; null on the last. */
  readonly last: Position | null;
  readonly total: number;
}
