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
import { type Condition, idStart, searchCondition, searchTest } from './instance-search.ts';
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
    ...rowConditions(source.places, filter),
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

/** At most this share of all rows has the word: its index is read, and what it gives is sorted. */
const FEW = 0.05;
/** At least this share fits: a page is met soon enough on the way along the order's index. */
const MANY = 0.2;
const FEW_ACCOUNTS = 20;

/** Fields whose order has an index. */
const ORDERED: ReadonlySet<string> = new Set(['id', 'since', 'name']);

/** Where rows are taken from; `along`: in the order that is asked for, so that reading ends with the page. */
interface RowSource {
  readonly table: string;
  readonly along: boolean;
}

/**
 * Which rows are looked at. SQLite knows nothing of how many rows a single word gives, and takes an index that leads to nine
 * tenths of a million rows; the tallies know. What neither an index nor the order narrows is read whole, which is faster than
 * an index with a tenth of the rows behind it.
 */
function tableOf(
  { tallies }: InstanceSource,
  filter: InstanceFilter,
  { counts }: FoundInstances,
  sort: readonly SortKey[],
): RowSource {
  const first = COLUMNS[sort[0]?.field ?? 'instanceId'] ?? 'id';
  const { account, state, cause, unit } = filter;
  const all = tallies.total();
  const isMany = counts.total >= MANY * all;
  if (idStart(filter) !== null) return indexed('id', false);
  if (account !== undefined && account.length <= FEW_ACCOUNTS) return indexed('place', false);
  if (first === 'since' && state?.length === 1 && counts.total >= MANY * tallies.having('state', state)) {
    return indexed('state', true);
  }
  if (ORDERED.has(first) && isMany) return indexed(first, true);
  if (filter.q !== undefined || filter.tag !== undefined) {
    return { table: 'instances WHERE TRUE', along: false };
  }
  if (first === 'since' && state?.length === 1) return indexed('state', true);
  if (unit !== undefined && counts.total <= FEW * all) return indexed('place', false);
  // Its index knows only rows with a cause, and is taken where the condition says so.
  if (cause !== undefined && tallies.having('cause', cause) <= FEW * all) {
    return { table: `${indexed('cause', false).table} AND cause <> ''`, along: false };
  }
  if (state !== undefined && tallies.having('state', state) <= FEW * all) return indexed('state', false);
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
