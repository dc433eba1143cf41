/** From the filter of a request to a condition on rows of `instances`. */
import type { InstanceFilter } from '@muster/api/instances';
import { Cause, causeFacts } from '@muster/core/enrollment/cause';
import { type Condition, join } from './instance-search.ts';
import type { KnownPlaces } from './places.ts';

const PLAIN = ['state', 'cause', 'account', 'region', 'wave', 'matcher', 'platform'] as const;

/** The conditions of a filter, but for its text search and tags. */
export function rowConditions(places: KnownPlaces, filter: InstanceFilter): readonly Condition[] {
  const conditions: Condition[] = PLAIN.flatMap((name) => {
    const words = filter[name];
    return words === undefined ? [] : [isOneOf(name, words)];
  });
  const { unit, owner } = filter;
  if (unit !== undefined) {
    const below = [...places.accounts()].filter(({ accountId }) => places.isBelow(accountId, unit));
    conditions.push({
      sql: 'account IN (SELECT value FROM json_each(?))',
      values: [JSON.stringify(below.map(({ accountId }) => accountId))],
    });
  }
  return owner === undefined ? conditions : [...conditions, isOwnedBy(owner)];
}

function isOneOf(column: string, words: readonly string[]): Condition {
  return { sql: `${column} IN (${words.map(() => '?').join(', ')})`, values: words };
}

/** What only a newer release knows is the operator's, as `causeFacts` says. */
function isOwnedBy(owners: readonly string[]): Condition {
  const theirs = Cause.options.filter((cause) => owners.includes(causeFacts(cause).owner));
  const known = isOneOf('cause', theirs);
  if (!owners.includes('operator')) return known;
  const others = isOneOf('cause', ['', ...Cause.options]);
  return join([known, { sql: `NOT ${others.sql}`, values: others.values }], ' OR ');
}
