import type { Freshness } from '@muster/api/paging';

/** What the read model says to a question. */
export type Answer<T> =
  | { readonly kind: 'answer'; readonly value: T }
  /** The question cannot be answered: a parameter is none that fits. */
  | { readonly kind: 'refused'; readonly parameter: 'cursor' | 'sort'; readonly detail: string }
  /** There is no data yet. */
  | { readonly kind: 'building'; readonly retryAfterMs: number };

/** The parameters of a list, as `ListQuery` of the contract has them. */
export interface ListRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly sort?: string | undefined;
}

/** A page whose age is not told yet: that is added where the clock is. */
export type Undated<T> = Omit<T, keyof Freshness>;

export function answered<T>(value: T): Answer<T> {
  return { kind: 'answer', value };
}
