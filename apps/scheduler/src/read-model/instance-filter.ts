/** From the filter of a request to conditions of SQL. Every value is bound; only our own words stand in the text. */
import type { InstanceFilter } from '@muster/api/instances';
import { Cause, causeFacts } from '@muster/core/enrollment/cause';

/** A condition and the values bound in it. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** What holds for every row. */
const ALWAYS: Condition = { sql: 'TRUE', values: [] };

/** Columns that a filter names by its own word. */
const PLAIN = ['state', 'cause', 'account', 'region', 'wave', 'matcher', 'platform'] as const;
export type PlainFilter = (typeof PLAIN)[number];

/**
 * The condition of a filter without its text search and tags, true of rows of `instances` and of `tallies` alike.
 *
 * @param leftOut filters that are not applied, as the choices of these very filters need it
 */
export function placeCondition(filter: InstanceFilter, leftOut: readonly PlainFilter[] = []): Condition {
  const conditions = PLAIN.filter((name) => !leftOut.includes(name)).flatMap((name) => {
    const words = filter[name];
    return words === undefined ? [] : [isOneOf(name, words)];
  });
  if (filter.unit !== undefined) conditions.push(isBelow(filter.unit));
  if (filter.owner !== undefined) conditions.push(isOwnedBy(filter.owner));
  return allOf(conditions);
}

/** The condition of its text search and its tags, true of rows of `instances`; null when it has none. */
export function textCondition({ q, tag }: InstanceFilter): Condition | null {
  const words = (q ?? '').split(/\s+/).filter((word) => word !== '');
  const conditions = words.map(isFoundBy);
  if (tag !== undefined) conditions.push(anyOf(tag.map(hasTag)));
  return conditions.length === 0 ? null : allOf(conditions);
}

export function allOf(conditions: readonly Condition[]): Condition {
  return conditions.length === 0 ? ALWAYS : join(conditions, ' AND ');
}

function anyOf(conditions: readonly Condition[]): Condition {
  return join(conditions, ' OR ');
}

function join(conditions: readonly Condition[], between: string): Condition {
  return {
    sql: `(${conditions.map(({ sql }) => sql).join(between)})`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function isOneOf(column: string, words: readonly string[]): Condition {
  return { sql: `${column} IN (${words.map(() => '?').join(', ')})`, values: words };
}

/** Ids of units stand in JSON text, in quotes. */
function isBelow(unit: string): Condition {
  return {
    sql: 'account IN (SELECT id FROM accounts WHERE instr(units, ?) > 0)',
    values: [JSON.stringify(unit)],
  };
}

/** What only a newer release knows is the operator's, as `causeFacts` says. */
function isOwnedBy(owners: readonly string[]): Condition {
  const theirs = Cause.options.filter((cause) => owners.includes(causeFacts(cause).owner));
  const known = isOneOf('cause', theirs);
  if (!owners.includes('operator')) return known;
  const others = isOneOf('cause', ['', ...Cause.options]);
  return anyOf([known, { sql: `NOT ${others.sql}`, values: others.values }]);
}

const ID_START = /^i-[0-9a-f]*$/;
const ID_PART = /^[0-9a-f]{4,17}$/;

/** A word of a text search: the beginning of an id, or a part of an id, a name, a tag, or of an account's id or name. */
function isFoundBy(word: string): Condition {
  const lower = word.toLowerCase();
  if (ID_START.test(lower)) return { sql: '(id >= ? AND id < ?)', values: [lower, `${lower}g`] };
  const like = `%${word.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const found = [
    { sql: String.raw`name LIKE ? ESCAPE '\'`, values: [like] },
    {
      sql: String.raw`(tags <> '' AND EXISTS (SELECT 1 FROM json_each(tags) WHERE value LIKE ? ESCAPE '\'))`,
      values: [like],
    },
    {
      sql: String.raw`account IN (SELECT id FROM accounts WHERE id LIKE ? ESCAPE '\' OR name LIKE ? ESCAPE '\')`,
      values: [like, like],
    },
  ];
  if (ID_PART.test(lower)) found.push({ sql: 'instr(id, ?) > 0', values: [lower] });
  return anyOf(found);
}

/** `KEY=VALUE`, or `KEY` alone. */
function hasTag(text: string): Condition {
  const sign = text.indexOf('=');
  const key = sign === -1 ? text : text.slice(0, sign);
  // A row without the key's text is passed over without reading its JSON.
  const mayHave = "tags <> '' AND instr(tags, ?) > 0";
  const quoted = JSON.stringify(key);
  if (sign === -1) {
    return {
      sql: `(${mayHave} AND EXISTS (SELECT 1 FROM json_each(tags) WHERE key = ?))`,
      values: [quoted, key],
    };
  }
  return {
    sql: `(${mayHave} AND EXISTS (SELECT 1 FROM json_each(tags) WHERE key = ? AND value = ?))`,
    values: [quoted, key, text.slice(sign + 1)],
  };
}
