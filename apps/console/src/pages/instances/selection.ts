/** Which instances an operator has chosen: single rows, or all that the filters give, also those of other pages. */
import type { Search } from '../../parts/search.ts';

/** `rows`: by id, over all pages that were looked at. `matching`: whatever the filters give when the action begins. */
export type Chosen =
  | { readonly kind: 'rows'; readonly ids: ReadonlySet<string> }
  | { readonly kind: 'matching' };

export const NOTHING: Chosen = { kind: 'rows', ids: new Set() };

/** What `POST /api/v1/actions` takes for a choice. */
export type AskedSelection =
  | { readonly scope: 'all' }
  | { readonly instances: string[] }
  | { readonly filter: Search };

/** The chosen rows as the table of one page takes them. */
export function chosenRows(chosen: Chosen, page: readonly string[]): ReadonlySet<string> {
  return chosen.kind === 'matching' ? new Set(page) : chosen.ids;
}

/** How many are chosen; of all that match as many as the list says. */
export function sizeOf(chosen: Chosen, total: number): number {
  return chosen.kind === 'matching' ? total : chosen.ids.size;
}

/**
 * The choice in the words of the API. Without a filter "all that match" is everything, and is asked for as such. Null where
 * nothing is chosen: never everything.
 */
export function askedSelection(chosen: Chosen, filters: Search): AskedSelection | null {
  if (chosen.kind === 'matching') {
    return Object.keys(filters).length === 0 ? { scope: 'all' } : { filter: filters };
  }
  return chosen.ids.size === 0 ? null : { instances: [...chosen.ids] };
}
