import { csvRecord, type CsvValue } from '@muster/core/runtime/csv-text';
import { terminalLine } from '@muster/core/runtime/terminal-text';
import { type Color, paint, writePainted } from '../guarded-output.ts';
import type { Rows } from '../sources/source.ts';
import type { List, ListColumn, ListRequest, TimeView } from './list.ts';
import { tableLines } from './table.ts';

type Listed<Row> = Rows<Row> | Iterable<Row>;

/**
 * Prints the rows of a list as they were asked for. JSON and CSV without a sort are printed row by row, so that a long list needs
 * the memory of one row.
 *
 * @returns how many rows there were, printed or not
 */
export async function printList<Row extends object>(
  list: List<Row>,
  request: ListRequest,
  rows: Listed<Row>,
  nowMs: number,
): Promise<number> {
  const picked = request.sort.length === 0 ? rows : (await collect(rows)).toSorted(comparing(request));
  if (request.format === 'table') return printTable(list, request, picked, nowMs);
  const fields = request.fields ?? list.fields;
  if (request.format === 'csv') process.stdout.write(csvRecord([...fields]));
  let count = 0;
  for await (const row of picked) {
    count += 1;
    if (request.limit !== null && count > request.limit) return count;
    await write(
      request.format === 'csv'
        ? csvRecord(fields.map((field) => cellOf(row, field)))
        : jsonLine(row, request),
    );
  }
  return count;
}

async function printTable<Row extends object>(
  list: List<Row>,
  request: ListRequest,
  rows: Listed<Row>,
  nowMs: number,
): Promise<number> {
  const shown: Row[] = [];
  let count = 0;
  for await (const row of rows) {
    count += 1;
    if (request.limit === null || count <= request.limit) shown.push(row);
    const total = 'total' in rows ? (rows.total?.() ?? null) : null;
    if (total === null || shown.length !== request.limit) continue;
    count = total;
    break;
  }
  const view = { nowMs, absolute: request.absolute };
  const columns = columnsOf(list, request);
  if (count === 0) {
    const none = list.none ?? `no ${list.noun}`;
    if (none !== '') process.stdout.write(`${none}\n`);
    return 0;
  }
  const lines = tableLines(
    columns,
    shown.map((row) => columns.map((column) => textOf(column, row, view))),
    (text, row, column) => paint(text, colorOf(columns[column], shown[row])),
  );
  const [headings = '', ...rest] = lines;
  const under = request.fields === null ? list.under : undefined;
  const text = [
    paint(headings, 'bold'),
    ...rest.flatMap((line, at) => [line, ...underOf(under, shown[at])]),
  ].join('\n');
  writePainted(process.stdout, `${text}\n`);
  const more = count - shown.length;
  if (more > 0) process.stderr.write(`… and ${more} more (--limit 0 shows all)\n`);
  return count;
}

function underOf<Row>(under: List<Row>['under'], row: Row | undefined): readonly string[] {
  if (under === undefined || row === undefined) return [];
  return under(row).map((line) => `       ${terminalLine(line)}`);
}

function columnsOf<Row>(list: List<Row>, { fields }: ListRequest): readonly ListColumn<Row>[] {
  if (fields === null) return list.columns;
  return fields.flatMap((word) => {
    const field = list.fields.find((one) => one === word);
    if (field === undefined) return [];
    return [list.columns.find((column) => column.field === field) ?? { field, title: field }];
  });
}

function colorOf<Row>(column: ListColumn<Row> | undefined, row: Row | undefined): Color | null {
  return row === undefined ? null : (column?.color?.(row) ?? null);
}

function textOf<Row extends object>(column: ListColumn<Row>, row: Row, view: TimeView): string {
  if (column.text !== undefined) return column.text(row, view);
  const value = valueOf(row, column.field);
  return plainText(value);
}

/** A value of JSON as a text; nothing for null. */
function plainText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function jsonLine(row: object, { fields }: ListRequest): string {
  const line =
    fields === null ? row : Object.fromEntries(fields.map((field) => [field, valueOf(row, field) ?? null]));
  return `${JSON.stringify(line)}\n`;
}

function cellOf(row: object, field: string): CsvValue {
  const value = valueOf(row, field);
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}

function valueOf(row: object, field: string): unknown {
  return (row as Readonly<Record<string, unknown>>)[field];
}

async function collect<Row>(rows: Listed<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

/** Figures by size, texts by their characters; null comes last, whichever way it is sorted. */
function comparing({ sort }: ListRequest): (a: object, b: object) => number {
  return (a, b) => {
    for (const { field, down } of sort) {
      const order = compare(valueOf(a, field) ?? null, valueOf(b, field) ?? null, down);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function compare(a: unknown, b: unknown, down: boolean): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  const [left, right] =
    typeof a === 'number' && typeof b === 'number' ? [a, b] : [plainText(a), plainText(b)];
  if (left === right) return 0;
  return left < right === down ? 1 : -1;
}

/** Waits for a reader that is slower than the list. */
async function write(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => {
    process.stdout.once('drain', resolve);
  });
}
