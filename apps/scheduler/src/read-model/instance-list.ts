/** Lists of instances: pages, totals and choices of filters. */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { InstanceFilter, InstanceRow } from '@muster/api/instances';
import { causeFacts } from '@muster/core/enrollment/cause';
import { type Answer, answered, type ListRequest } from './answer.ts';
import { allOf, type Condition, placeCondition, textCondition } from './instance-filter.ts';
import { NEVER_MS } from './schema.ts';
import { readOrder, type SortOrder, writeCursor } from './sort-order.ts';

type Row = Readonly<Record<string, SQLOutputValue>>;

/** Fields that a list of instances can be sorted by, and their columns. */
const SORTS: Readonly<Record<string, string>> = {
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
const ID = 'instanceId';

/** How many instances the filters give: all of them, and per word of a filter with that filter left out. */
export interface InstanceCounts {
  readonly total: number;
  readonly state: Readonly<Record<string, number>>;
  readonly cause: Readonly<Record<string, number>>;
  readonly region: Readonly<Record<string, number>>;
}

/** One page; `total` and `facets` as `InstancesPage` of the contract has them. */
export interface InstanceList {
  readonly items: readonly InstanceRow[];
  readonly next: string | null;
  readonly total: number;
  readonly facets: Omit<InstanceCounts, 'total'>;
}

/** Of the rows that fit, at most this share: their index is read, and they are sorted. Else the order's index, or all rows. */
const FEW = 0.05;
/** At least this share fits: they are met soon enough on the way along the order's index. */
const MANY = 0.2;
const ORDER_INDEXES: Readonly<Record<string, string>> = { id: 'instances_id', since: 'instances_since' };

export function createInstanceLists(db: DatabaseSync) {
  const accountNames = db.prepare('SELECT name FROM accounts WHERE id = ?');

  function count(filter: InstanceFilter): InstanceCounts {
    const place = placeCondition(filter, ['state', 'cause', 'region']);
    const text = textCondition(filter);
    const { sql, values } = text === null ? place : allOf([place, text]);
    const source = text === null ? 'tallies' : 'instances';
    const rows = db
      .prepare(
        `SELECT state, cause, region, ${text === null ? 'sum(hosts)' : 'count(*)'} AS hosts
         FROM ${source} WHERE ${sql} GROUP BY state, cause, region`,
      )
      .all(...values);
    return addUp(rows, filter);
  }

  /** Which rows are looked at: the table's own statistics say nothing of how many a single word gives. */
  function sourceOf(filter: InstanceFilter, fits: number, order: SortOrder): string {
    const all = Number(db.prepare('SELECT ifnull(sum(hosts), 0) AS hosts FROM tallies').get()?.['hosts']);
    const share = all === 0 ? 0 : fits / all;
    if ((filter.account?.length ?? Infinity) <= 20) return 'instances INDEXED BY instances_place';
    const first = SORTS[order.fields[0]?.field ?? ''] ?? '';
    const orderIndex = ORDER_INDEXES[first];
    if (first === 'since' && filter.state?.length === 1) return 'instances INDEXED BY instances_state';
    if (orderIndex !== undefined && share >= MANY) return `instances INDEXED BY ${orderIndex}`;
    const { state, cause } = filter;
    if (cause !== undefined && tallied({ cause }) <= FEW * all) return 'instances INDEXED BY instances_cause';
    if (state !== undefined && tallied({ state }) <= FEW * all) return 'instances INDEXED BY instances_state';
    return 'instances NOT INDEXED';
  }

  function tallied(filter: InstanceFilter): number {
    const { sql, values } = placeCondition(filter);
    const row = db.prepare(`SELECT ifnull(sum(hosts), 0) AS hosts FROM tallies WHERE ${sql}`).get(...values);
    return Number(row?.['hosts']);
  }

  function conditionOf(filter: InstanceFilter): Condition {
    const text = textCondition(filter);
    return allOf(text === null ? [placeCondition(filter)] : [placeCondition(filter), text]);
  }

  function read(filter: InstanceFilter, order: SortOrder, limit: number, fits: number): readonly Row[] {
    const condition = allOf([conditionOf(filter), ...(order.after === null ? [] : [afterOf(order)])]);
    const isById = /\bid >= \?/.test(condition.sql) && order.after === null;
    const source = isById ? 'instances INDEXED BY instances_id' : sourceOf(filter, fits, order);
    // A partial index is taken only where the condition says what it leaves out.
    const partial = source.endsWith('instances_cause') ? " AND cause <> ''" : '';
    return db
      .prepare(
        `SELECT * FROM ${source} WHERE ${condition.sql}${partial}
         ORDER BY ${order.fields.map((one) => `${SORTS[one.field]}${one.descending ? ' DESC' : ''}`).join(', ')}
         LIMIT ?`,
      )
      .all(...condition.values, limit);
  }

  function rowOf(row: Row): InstanceRow {
    const cause = text(row['cause']);
    const account = text(row['account']);
    const facts = cause === '' ? null : causeFacts(cause);
    const exitCode = row['exit_code'];
    return {
      instanceId: text(row['id']),
      name: text(row['name']),
      accountId: account,
      accountName: text(accountNames.get(account)?.['name']),
      region: text(row['region']),
      state: text(row['state']),
      since: new Date(Number(row['since'])).toISOString(),
      cause: cause === '' ? null : cause,
      causeTitle: facts?.title ?? null,
      owner: facts?.owner ?? null,
      attempts: Number(row['attempts']),
      nextAttemptAt: timeOf(row['next_at']),
      joinedAt: timeOf(row['joined_at']),
      lastExitCode: exitCode === null || exitCode === undefined ? null : Number(exitCode),
      platform: text(row['platform']) || null,
      wave: text(row['wave']) || null,
      matcher: text(row['matcher']),
      tags: tagsOf(text(row['tags'])),
    };
  }

  return {
    count,

    list(filter: InstanceFilter, request: ListRequest): Answer<InstanceList> {
      const order = readOrder(request, Object.keys(SORTS), ID, ID);
      if ('kind' in order) return order;
      const { total, ...facets } = count(filter);
      const rows = read(filter, order, request.limit + 1, total);
      const shown = rows.slice(0, request.limit);
      const last = shown.at(-1);
      const next =
        rows.length <= request.limit || last === undefined
          ? null
          : writeCursor(
              order,
              order.fields.map(({ field }) => last[SORTS[field] ?? ''] as string | number),
            );
      return answered({ items: shown.map(rowOf), next, total, facets });
    },

    /** Ids of what a filter gives, in the order of ids, behind `afterId`. */
    idsOf(
      filter: InstanceFilter,
      afterId: string,
      limit: number,
    ): readonly { readonly accountId: string; readonly region: string; readonly instanceId: string }[] {
      const { sql, values } = conditionOf(filter);
      const order = { fields: [{ field: ID, descending: false }], after: null };
      const source = sourceOf(filter, tallied({ ...filter, q: undefined, tag: undefined }), order);
      const partial = source.endsWith('instances_cause') ? " AND cause <> ''" : '';
      const rows = db
        .prepare(
          `SELECT id, account, region FROM ${source} WHERE id > ? AND ${sql}${partial} ORDER BY id LIMIT ?`,
        )
        .all(afterId, ...values, limit);
      return rows.map((row) => ({
        accountId: text(row['account']),
        region: text(row['region']),
        instanceId: text(row['id']),
      }));
    },
  };
}

export type InstanceLists = ReturnType<typeof createInstanceLists>;

/** Rows behind the last one of the page before. Each field decides where the ones before it are equal. */
function afterOf({ fields, after }: SortOrder): Condition {
  const values: (string | number)[] = [];
  const ways = fields.map((one, nth) => {
    const equal = fields.slice(0, nth).map(({ field }, before) => {
      values.push(after?.[before] ?? '');
      return `${SORTS[field]} = ?`;
    });
    values.push(after?.[nth] ?? '');
    return `(${[...equal, `${SORTS[one.field]} ${one.descending ? '<' : '>'} ?`].join(' AND ')})`;
  });
  // Says the same once more of the first field alone, so that its index begins there.
  const [first] = fields;
  values.unshift(after?.[0] ?? '');
  const bound = `${SORTS[first?.field ?? '']} ${first?.descending === true ? '<=' : '>='} ?`;
  return { sql: `${bound} AND (${ways.join(' OR ')})`, values };
}

function addUp(rows: readonly Row[], filter: InstanceFilter): InstanceCounts {
  const sums = {
    total: 0,
    state: new Map<string, number>(),
    cause: new Map<string, number>(),
    region: new Map<string, number>(),
  };
  const has = (words: readonly string[] | undefined, word: string): boolean => words?.includes(word) ?? true;
  for (const row of rows) {
    const [state, cause, region, hosts] = [
      text(row['state']),
      text(row['cause']),
      text(row['region']),
      Number(row['hosts']),
    ];
    const [isState, isCause, isRegion] = [
      has(filter.state, state),
      has(filter.cause, cause),
      has(filter.region, region),
    ];
    if (isState && isCause && isRegion) sums.total += hosts;
    if (isCause && isRegion) add(sums.state, state, hosts);
    if (isState && isRegion && cause !== '') add(sums.cause, cause, hosts);
    if (isState && isCause) add(sums.region, region, hosts);
  }
  const { total, ...by } = sums;
  return {
    total,
    state: Object.fromEntries(by.state),
    cause: Object.fromEntries(by.cause),
    region: Object.fromEntries(by.region),
  };
}

function add(sums: Map<string, number>, word: string, hosts: number): void {
  sums.set(word, (sums.get(word) ?? 0) + hosts);
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
