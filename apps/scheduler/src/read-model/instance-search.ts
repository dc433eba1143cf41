/** Which instances a text search and tags find, within the tallies that the other filters leave. */
import type { DatabaseSync } from 'node:sqlite';
import type { InstanceFilter } from '@muster/api/instances';
import type { KnownPlaces } from './places.ts';
import { searchWords, tagText } from './search-text.ts';
import type { Tally } from './tallies.ts';

/** A condition of SQL, and the values bound in it. Only our own words stand in the text. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Long enough to give few, so that the index of ids is the way to them. */
const ID_START = /^i-[0-9a-f]{2,17}$/;

/** The beginning of an id that is all of a search; null for another search. */
export function idStart({ q, tag }: InstanceFilter): string | null {
  const [word = '', ...more] = searchWords(q);
  return tag === undefined && more.length === 0 && ID_START.test(word) ? word : null;
}

/** What a filter searches by text. */
interface Searched {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

function searchedBy({ q, tag = [] }: InstanceFilter): Searched | null {
  const words = searchWords(q);
  return words.length === 0 && tag.length === 0 ? null : { words, tags: tag.map(tagText) };
}

/** More tallies than this are not named: passing over their rows costs less. */
const MOST_NAMED = 5_000;

/**
 * How many hosts of each tally a search finds; null for a filter that searches nothing: all of them are. A word is part of an id,
 * of a name, of a tag, or of its account's id or name.
 *
 * @param left tallies that the other filters leave
 */
export function searchTallies(
  db: DatabaseSync,
  filter: InstanceFilter,
  left: readonly Tally[],
  places: KnownPlaces,
): ReadonlyMap<number, number> | null {
  const start = idStart(filter);
  const searched = searchedBy(filter);
  if (searched === null) return null;
  if (start !== null) {
    return readCounts(db, 'instances', { sql: 'id >= ? AND id < ?', values: [start, `${start}g`] });
  }
  const [word = '', ...more] = searched.words;
  const named = left.length <= MOST_NAMED ? left : null;
  if (more.length > 0 || searched.tags.length > 0) {
    return readCounts(db, 'found_by', conditionOf(searched, left, named, places));
  }
  // Of an account that is found itself all hosts are found: only the others' texts are looked at.
  const ofAccounts = new Set(ofFoundAccounts(word, left, places));
  const others = named?.filter((tally) => !ofAccounts.has(tally)) ?? null;
  const counts = new Map(readCounts(db, 'found_by', conditionOf(searched, [], others, places)));
  for (const { n, hosts } of ofAccounts) counts.set(n, hosts);
  return counts;
}

/** The condition on rows of `instances`; null for a filter that searches nothing. @param found tallies of which hosts were found */
export function searchCondition(
  filter: InstanceFilter,
  found: readonly Tally[],
  places: KnownPlaces,
): Condition | null {
  const start = idStart(filter);
  if (start !== null) return { sql: 'id >= ? AND id < ?', values: [start, `${start}g`] };
  const searched = searchedBy(filter);
  if (searched === null) return null;
  const { sql, values } = conditionOf(searched, found, found.length <= MOST_NAMED ? found : null, places);
  return { sql: `n IN (SELECT n FROM found_by WHERE ${sql})`, values };
}

/** The same for each row by itself, on the way along an index: where many are found, few are asked. */
export function searchTest(
  filter: InstanceFilter,
  found: readonly Tally[],
  places: KnownPlaces,
): Condition | null {
  const searched = searchedBy(filter);
  if (searched === null || idStart(filter) !== null) return searchCondition(filter, found, places);
  const { sql, values } = conditionOf(searched, found, null, places);
  return {
    sql: `EXISTS (SELECT 1 FROM found_by WHERE found_by.tally = instances.tally AND found_by.n = instances.n AND ${sql})`,
    values,
  };
}

/** On rows of `found_by`. @param named the only tallies that are looked at; null for all */
function conditionOf(
  { words, tags }: Searched,
  left: readonly Tally[],
  named: readonly Tally[] | null,
  places: KnownPlaces,
): Condition {
  const conditions: Condition[] = named === null ? [] : [isIn(named)];
  for (const word of words) {
    const ofAccounts = ofFoundAccounts(word, left, places);
    conditions.push(
      ofAccounts.length === 0 ? contains(word) : join([contains(word), isIn(ofAccounts)], ' OR '),
    );
  }
  if (tags.length > 0) conditions.push(join(tags.map(contains), ' OR '));
  return join(conditions, ' AND ');
}

function ofFoundAccounts(word: string, tallies: readonly Tally[], places: KnownPlaces): readonly Tally[] {
  const found = new Set(
    [...new Set(tallies.map(({ account }) => account))].filter((account) =>
      [account, places.nameOf(account).toLowerCase()].some((text) => text.includes(word)),
    ),
  );
  return found.size === 0 ? [] : tallies.filter(({ account }) => found.has(account));
}

function readCounts(
  db: DatabaseSync,
  table: 'instances' | 'found_by',
  { sql, values }: Condition,
): ReadonlyMap<number, number> {
  const select = db.prepare(`SELECT tally, count(*) FROM ${table} WHERE ${sql} GROUP BY tally`);
  // A broad search finds a hundred thousand tallies: objects for them would take longer than the search.
  select.setReturnArrays(true);
  return new Map(select.all(...values) as unknown as [tally: number, hosts: number][]);
}

function contains(text: string): Condition {
  return { sql: 'instr(text, ?) > 0', values: [text] };
}

/** Rows of some tallies, of either table. */
export function isIn(tallies: readonly Tally[]): Condition {
  return {
    sql: 'tally IN (SELECT value FROM json_each(?))',
    values: [JSON.stringify(tallies.map(({ n }) => n))],
  };
}

export function join(conditions: readonly Condition[], between: ' AND ' | ' OR '): Condition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(between)})`,
    values: conditions.flatMap(({ values }) => values),
  };
}
