/** What the list of instances is filtered by: the words of the address are those of the API, so a link, an export and a bulk action mean the same hosts. */
import type { InstanceFilter } from '@muster/api/instances';
import type { Search } from '../../parts/search.ts';

/** The filters of the API in the order in which the page shows them. */
const NAMES: Readonly<Record<keyof InstanceFilter, string>> = {
  q: 'Search',
  state: 'State',
  cause: 'Cause',
  account: 'Account',
  region: 'Region',
  unit: 'Unit',
  owner: 'Who must act',
  wave: 'Wave',
  matcher: 'Matcher',
  platform: 'Platform',
  tag: 'Tag',
};

export type FilterName = keyof typeof NAMES;

/** All names of filters. */
export const FILTER_NAMES = Object.keys(NAMES) as readonly FilterName[];

/** What a filter is called on the page. */
export function labelOfFilter(name: FilterName): string {
  return NAMES[name];
}

/** The filters of an address, without what is no filter or empty. */
export function filtersOf(search: Search): Partial<Record<FilterName, string>> {
  return Object.fromEntries(
    FILTER_NAMES.flatMap((name) =>
      search[name] === undefined || search[name] === '' ? [] : [[name, search[name]]],
    ),
  );
}

/** What an address must be changed by so that no filter is left. */
export const NO_FILTERS: Search = Object.fromEntries(FILTER_NAMES.map((name) => [name, '']));
