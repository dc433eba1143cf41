import { type CsvValue, csvRecord } from '@muster/core/runtime/csv-text';
import { terminalText } from '@muster/core/runtime/terminal-text';

/** The documents that a list can be had as: CSV (RFC 4180), or one JSON document a line. */
export const EXPORT_FORMATS = {
  csv: { contentType: 'text/csv; charset=utf-8; header=present' },
  ndjson: { contentType: 'application/x-ndjson; charset=utf-8' },
} as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** Columns of an export of rows `Row`, in their order: name, and what of a row stands under it. */
export type ExportColumns<Row> = Readonly<Record<string, (row: Row) => unknown>>;

/** About what one write of a socket takes: a chunk per row would be a system call per row. */
const CHUNK_CHARACTERS = 64 * 1024;

/**
 * The chunks of a document of rows, which are read as fast as the chunks are taken, and no longer once they are not. No control
 * or invisible character of a foreign text comes through raw, and no spreadsheet finds a formula in one. In CSV an empty cell
 * is null, and what is no scalar stands as JSON.
 *
 * @param pieces rows as they are read, many at a time: a promise for each of a million would take longer than its line
 */
export async function* exportRows<Row>(
  format: ExportFormat,
  columns: ExportColumns<Row>,
  pieces: AsyncIterable<readonly Row[]>,
): AsyncGenerator<string> {
  const entries = Object.entries(columns);
  let chunk = format === 'csv' ? csvRecord(entries.map(([name]) => name)) : '';
  for await (const rows of pieces) {
    for (const row of rows) {
      chunk += lineOf(format, entries, row);
      if (chunk.length < CHUNK_CHARACTERS) continue;
      yield terminalText(chunk);
      chunk = '';
    }
  }
  if (chunk !== '') yield terminalText(chunk);
}

function lineOf<Row>(
  format: ExportFormat,
  columns: readonly (readonly [name: string, valueOf: (row: Row) => unknown])[],
  row: Row,
): string {
  if (format === 'csv') return csvRecord(columns.map(([, valueOf]) => csvValue(valueOf(row))));
  return `${JSON.stringify(Object.fromEntries(columns.map(([name, valueOf]) => [name, valueOf(row) ?? null])))}\n`;
}

function csvValue(value: unknown): CsvValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return JSON.stringify(value);
}
