/** Lists of instances: pages, and the ids of all that a filter gives. */
import type { SQLOutputValue } from 'node:sqlite';
import type { InstanceFilter, InstanceRow } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';
import type { Position } from '../api/cursor.ts';
import type { SortKey } from '../api/list-request.ts';
import type { FoundPage, WantedPage } from './answer.ts';
import {
  findInstances,
  type FoundInstances,
  type InstanceCounts,
  type InstanceSource,
} from './instance-counts.ts';
import { rowConditions } from './instance-filter.ts';
import { type Condition, idStart, isIn, searchCondition, searchTest } from './instance-search.ts';
import { NEVER_MS } from './schema.ts';

type Row = Readonly<Record<string, SQLOutputValue>>;

const COLUMNS: Readonly<Record<string, string>> = {
  instanceId: 'id',
  name: 'name',
  accountId: 'account',
  region: 'region',
  state: 'state',
  since: 'since',
  cause: 'cause',
  attempts: 'attempts',
  nextAttemptAt: 'next_at',
  joinedAt: 'joined_at',
  platform: 'platform',
  wave: 'wave',
  matcher: 'matcher',
};

/** Fields of `InstanceRow` that its list can be sorted by. */
export const INSTANCE_SORTS: readonly string[] = Object.keys(COLUMNS);

/** A page; `total` and `facets` as `InstancesPage` of the contract has them. */
export interface InstanceList extends FoundPage<InstanceRow> {
  readonly facets: Omit<InstanceCounts, 'total'>;
}

/** One instance of a bulk action or an export. */
export interface ListedInstance {
  readonly accountId: string;
  readonly region: string;
  readonly instanceId: string;
}

/** One page of what a filter gives. */
export function listInstances(
  source: InstanceSource,
  filter: InstanceFilter,
  page: WantedPage,
): InstanceList {
  const found = findInstances(source, filter);
  const { total, ...facets } = found.counts;
  const more = page.limit + 1;
  const numbers = total === 0 ? [] : readNumbers(source, filter, found, page.sort, behind(page), more);
  const rows = readRows(source, numbers.slice(0, page.limit));
  return {
    items: rows.map((row) => rowOf(row, source.places.nameOf(text(row['account'])))),
    last: numbers.length === more ? positionOf(rows.at(-1) ?? {}, page.sort) : null,
    total,
    facets,
  };
}

/** What a filter gives, in the order of ids, behind `afterId`. */
export function listIds(
  source: InstanceSource,
  filter: InstanceFilter,
  afterId: string,
  limit: number,
): readonly ListedInstance[] {
  const found = findInstances(source, filter);
  const further = [{ sql: 'id > ?', values: [afterId] }];
  return readRows(source, readNumbers(source, filter, found, [], further, limit)).map((row) => ({
    accountId: text(row['account']),
    region: text(row['region']),
    instanceId: text(row['id']),
  }));
}

/** Numbers of rows in order: whole rows are read of those that are shown, not of all that are sorted. */
function readNumbers(
  source: InstanceSource,
  filter: InstanceFilter,
  found: FoundInstances,
  sort: readonly SortKey[],
  further: readonly Condition[],
  limit: number,
): readonly number[] {
  const { table, along } = tableOf(source, filter, found, sort);
  const search = (along ? searchTest : searchCondition)(filter, found.tallies, source.places);
  const conditions = [
    // What few rows have in common is their tallies: nothing else of the filter has to be asked then.
    ...(table.includes('_tally ') ? [isIn(found.tallies)] : rowConditions(source.places, filter)),
    ...further,
    ...(search === null ? [] : [search]),
  ];
  const rows = source.db
    .prepare(
      `SELECT n FROM ${table} ${conditions.map(({ sql }) => `AND ${sql}`).join(' ')} ORDER BY ${orderOf(sort)} LIMIT ?`,
    )
    .all(...conditions.flatMap(({ values }) => values), limit);
  return rows.map((row) => Number(row['n']));
}

/** Rows in the order of their numbers in the list. */
function readRows({ db }: InstanceSource, numbers: readonly number[]): readonly Row[] {
  const rows = db
    .prepare('SELECT * FROM instances WHERE n IN (SELECT value FROM json_each(?))')
    .all(JSON.stringify(numbers));
  const byNumber = new Map(rows.map((row) => [Number(row['n']), row]));
  return numbers.map((n) => byNumber.get(n) ?? {});
}

/** At least this share of all rows fits: a page is met soon enough on the way along the order's index. */
const MANY = 0.2;
/** Columns whose order has an index. */
const ORDERED: ReadonlySet<string> = new Set(['id', 'since', 'name', 'state', 'next_at']);

/** Where rows are taken from; `along`: in the order that is asked for, so that reading ends with the page. */
interface RowSource {
  readonly table: string;
  readonly along: boolean;
}

/**
 * Which rows are looked at. SQLite knows nothing of how many rows a word gives, and takes an index that leads to nine tenths of a
 * million rows; the tallies know. Few rows are found by their tallies, many along the order; what neither narrows is read whole.
 */
function tableOf(
  { tallies }: InstanceSource,
  filter: InstanceFilter,
  { counts }: FoundInstances,
  sort: readonly SortKey[],
): RowSource {
  const first = COLUMNS[sort[0]?.field ?? 'instanceId'] ?? 'id';
  if (idStart(filter) !== null) return indexed('id', false);
  const isMany = counts.total >= MANY * tallies.total();
  if (!isMany && (filter.q !== undefined || filter.tag !== undefined)) {
    // The search itself gives their numbers.
    return { table: 'instances WHERE TRUE', along: false };
  }
  if (!isMany) return indexed('tally', false);
  if (ORDERED.has(first)) return indexed(first, true);
  return { table: 'instances NOT INDEXED WHERE TRUE', along: false };
}

function indexed(by: string, along: boolean): RowSource {
  return { table: `instances INDEXED BY instances_${by} WHERE TRUE`, along };
}

function orderOf(sort: readonly SortKey[]): string {
  return [...sort.map(({ field, descending }) => `${COLUMNS[field]}${descending ? ' DESC' : ''}`), 'id'].join(
    ', ',
  );
}

function positionOf(row: Row, sort: readonly SortKey[]): Position {
  return [...sort.map(({ field }) => COLUMNS[field] ?? ''), 'id'].map(
    (column) => row[column] as string | number,
  );
}

/** Rows behind the one where the page before ended. Each field decides where the ones before it are equal. */
function behind({ sort, after }: WantedPage): readonly Condition[] {
  if (after === null) return [];
  const fields = [...sort, { field: 'instanceId', descending: false }];
  const ways = fields.map(({ field, descending }, nth): Condition => {
    const equal = fields.slice(0, nth).map((before) => `${COLUMNS[before.field]} = ?`);
    const further = `${COLUMNS[field]} ${descending ? '<' : '>'} ?`;
    return { sql: `(${[...equal, further].join(' AND ')})`, values: after.slice(0, nth + 1).map(valueOf) };
  });
  // Says of the first field alone what the ways say together, so that its index begins there.
  const [first] = fields;
  const bound = `${COLUMNS[first?.field ?? '']} ${first?.descending === true ? '<=' : '>='} ?`;
  return [
    { sql: bound, values: [valueOf(after[0] ?? null)] },
    {
      sql: `(${ways.map(({ sql }) => sql).join(' OR ')})`,
      values: ways.flatMap(({ values }) => values),
    },
  ];
}

function valueOf(value: Position[number]): string | number {
  return value ?? '';
}

function rowOf(row: Row, accountName: string): InstanceRow {
  const cause = text(row['cause']);
  const facts = cause === '' ? null : causeFacts(cause);
  const exitCode = row['exit_code'];
  return {
    instanceId: text(row['id']),
    name: text(row['name']),
    accountId: text(row['account']),
    accountName,
    region: text(row['region']),
    state: text(row['state']),
    since: new Date(Number(row['since'])).toISOString(),
    cause: cause === '' ? null : cause,
    causeTitle: facts?.title ?? null,
    owner: facts?.owner ?? null,
    attempts: Number(row['attempts']),
    nextAttemptAt: timeOf(row['next_at']),
    joinedAt: timeOf(row['joined_at']),
    lastExitCode: typeof exitCode === 'number' ? exitCode : null,
    platform: text(row['platform']) || null,
    wave: text(row['wave']) || null,
    matcher: text(row['matcher']),
    tags: tagsOf(text(row['tags'])),
  };
}

function text(value: SQLOutputValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function timeOf(value: SQLOutputValue | undefined): string | null {
  const ms = Number(value);
  return ms === NEVER_MS ? null : new Date(ms).toISOString();
}

function tagsOf(json: string): Record<string, string> {
  return json === '' ? {} : (JSON.parse(json) as Record<string, string>);
}
