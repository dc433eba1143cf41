import type { Search } from './search.ts';

/** The parameters of these names: the API refuses those that it does not know, and a page has some of its own. */
export function pickSearch(search: Search, names: readonly string[]): Search {
  return Object.fromEntries(names.flatMap((name) => (search[name] ? [[name, search[name]]] : [])));
}
