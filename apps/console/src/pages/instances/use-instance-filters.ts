import { useQuery } from '@tanstack/react-query';
import { type InstancesAnswer, unitsQuery } from '../../api/fleet-queries.ts';
import { ownerName, STATES } from '../../format/wording.ts';
import type { Filter, FilterOption } from '../../parts/filter-bar.tsx';
import { type Search, wordsOf } from '../../parts/search.ts';
import { type FilterName, labelOfFilter } from './instance-filters.ts';

const OWNERS = ['operator', 'host-owner', 'aws-admin', 'teleport-admin', 'muster'];

/** Filters without a menu of their own: they stand in the bar while the address has them, so that they can be seen and removed. */
const WRITTEN: readonly FilterName[] = ['account', 'unit', 'wave', 'matcher', 'platform', 'tag'];

/** The filters of the bar with the words that can be chosen, and how many hosts each would leave. */
export function useInstanceFilters(
  search: Search,
  facets: InstancesAnswer['facets'] | undefined,
): readonly Filter[] {
  const unit = search['unit'] ?? '';
  const units = useQuery({ ...unitsQuery, enabled: unit !== '' });
  const unitName = units.data?.find(({ unitId }) => unitId === unit)?.name;
  const states = STATES.map(({ state }) => state);
  const newer = Object.keys(facets?.state ?? {}).filter((state) => !states.includes(state));
  return [
    filter('state', counted([...states, ...newer], facets?.state, search)),
    filter('cause', counted(Object.keys(facets?.cause ?? {}).sort(), facets?.cause, search)),
    filter('region', counted(Object.keys(facets?.region ?? {}).sort(), facets?.region, search)),
    filter(
      'owner',
      OWNERS.map((value) => ({ value, label: ownerName(value) })),
    ),
    ...WRITTEN.filter((name) => wordsOf(search, name).length > 0).map((name) =>
      filter(
        name,
        wordsOf(search, name).map((value) =>
          name === 'unit' && unitName ? { value, label: unitName } : { value },
        ),
      ),
    ),
  ];

  /** A chosen word stays in its menu, also where no host has it just now. */
  function counted(
    words: readonly string[],
    counts: Readonly<Record<string, number>> | undefined,
    of: Search,
  ): (name: FilterName) => readonly FilterOption[] {
    return (name) =>
      [...new Set([...words, ...wordsOf(of, name)])]
        .filter(
          (value) => counts === undefined || (counts[value] ?? 0) > 0 || wordsOf(of, name).includes(value),
        )
        .map((value) => ({ value, count: counts?.[value] }));
  }
}

function filter(
  name: FilterName,
  options: readonly FilterOption[] | ((name: FilterName) => readonly FilterOption[]),
): Filter {
  return {
    name,
    label: labelOfFilter(name),
    options: typeof options === 'function' ? options(name) : options,
  };
}
