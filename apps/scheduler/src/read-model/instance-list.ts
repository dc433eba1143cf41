/** Lists of instances: pages, and the ids of all that a filter gives. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { InstanceFilter, InstanceRow } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';
import type { Position } from '../api/cursor.ts';
import type { SortKey } from '../api/list-request.ts';
import type { FoundPage, WantedPage } from './answer.ts';
import { createInstanceCounts, type InstanceCounter, type InstanceCounts } from './instance-counts.ts';
import { allOf, type Condition, placeCondition, textCondition } from './instance-filter.ts';
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

export function createInstanceLists(db: DatabaseSync) {
  const counts = createInstanceCounts(db);
  const accountNames = db.prepare('SELECT name FROM accounts WHERE id = ?');

  return {
    count: (filter: InstanceFilter): InstanceCounts => counts.count(filter),

    list(filter: InstanceFilter, page: WantedPage): InstanceList {
      const { total, ...facets } = counts.count(filter);
      const { sql, values } = allOf([conditionOf(filter), ...behind(page)]);
      const source = sourceOf(counts, filter, total, page.sort);
      const rows = db
        .prepare(`SELECT * FROM ${source} AND ${sql} ORDER BY ${orderOf(page.sort)} LIMIT ?`)
        .all(...values, page.limit + 1);
      const shown = rows.slice(0, page.limit);
      return {
        items: shown.map((row) => rowOf(row, text(accountNames.get(text(row['account']))?.['name']))),
        last: rows.length > shown.length ? positionOf(shown.at(-1) ?? {}, page.sort) : null,
        total,
        facets,
      };
    },

    /** What a filter gives, in the order of ids, behind `afterId`. */
    idsOf(filter: InstanceFilter, afterId: string, limit: number): readonly ListedInstance[] {
      const { sql, values } = conditionOf(filter);
      const source = sourceOf(counts, filter, counts.tallied(filter), []);
      const rows = db
        .prepare(`SELECT id, account, region FROM ${source} AND id > ? AND ${sql} ORDER BY id LIMIT ?`)
        .all(afterId, ...values, limit);
      return rows.map((row) => ({
        accountId: text(row['account']),
        region: text(row['region']),
        instanceId: text(row['id']),
      }));
    },
  };
}

function conditionOf(filter: InstanceFilter): Condition {
  const found = textCondition(filter);
  return allOf(found === null ? [placeCondition(filter)] : [placeCondition(filter), found]);
}

/** At most this share of all rows has the word: its index is read, and what it gives is sorted. */
const FEW = 0.05;
/** At least this share fits: a page is met soon enough on the way along the order's index. */
const MANY = 0.2;
const FEW_ACCOUNTS = 20;

/**
 * Which rows are looked at. SQLite knows nothing of how many rows a single word gives, and takes an index that leads to nine
 * tenths of a million rows; the tallies know. What neither an index nor the order narrows is read whole, which is faster than
 * an index with a tenth of the rows behind it.
 */
function sourceOf(
  counts: InstanceCounter,
  filter: InstanceFilter,
  fits: number,
  sort: readonly SortKey[],
): string {
  const first = COLUMNS[sort[0]?.field ?? 'instanceId'];
  const { account, state, cause } = filter;
  if (account !== undefined && account.length <= FEW_ACCOUNTS) return indexed('place');
  if (first === 'since' && state?.length === 1) return indexed('state');
  const all = counts.tallied({});
  if ((first === 'id' || first === 'since') && fits >= MANY * all) return indexed(first);
  // Its index knows only rows with a cause, and is taken where the condition says so.
  if (cause !== undefined && counts.tallied({ cause }) <= FEW * all) {
    return `${indexed('cause')} AND cause <> ''`;
  }
  if (state !== undefined && counts.tallied({ state }) <= FEW * all) return indexed('state');
  return 'instances NOT INDEXED WHERE TRUE';
}

function indexed(by: 'place' | 'state' | 'cause' | 'id' | 'since'): string {
  return `instances INDEXED BY instances_${by} WHERE TRUE`;
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
