/** What a list of the command line is: rows of JSON values, and the columns in which people see them. */
import type { Command } from 'commander';
import { CommandError, EXIT } from '../command-context.ts';
import type { Color } from '../guarded-output.ts';

/** How times are shown, and as of when. */
export interface TimeView {
  readonly nowMs: number;
  /** UTC instead of `3 h ago`. */
  readonly absolute: boolean;
}

/** A column of a list's table, of the field of its rows that has the column's name. */
export interface ListColumn<Row> {
  readonly field: keyof Row & string;
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** @default the value as a text; nothing for null */
  readonly text?: (row: Row, view: TimeView) => string;
  readonly color?: (row: Row) => Color | null;
}

/** A list that a verb prints. `Row` is one line of its `-o json`. */
export interface List<Row> {
  /** Of a row, in the plural, for sentences. */
  readonly noun: string;
  /** What people are told where there is no row. @default `no NOUN` */
  readonly none?: string;
  /** Columns of the table where `--fields` names no others. */
  readonly columns: readonly ListColumn<Row>[];
  /** Lines that people are shown under a row's, where `--fields` names no others. May hold foreign text. */
  readonly under?: (row: Row) => readonly string[];
  /** All fields of a row, in their order: what `--fields` and `--sort` may name. */
  readonly fields: readonly (keyof Row & string)[];
}

/** Options of every list, as the operator gave them. */
export interface ListOptions {
  readonly json?: boolean;
  readonly output?: string;
  readonly limit?: string;
  readonly sort?: string;
  readonly fields?: string;
  readonly absolute?: boolean;
}

export type ListFormat = 'table' | 'json' | 'csv';

/** What is asked of a list, checked. */
export interface ListRequest {
  readonly format: ListFormat;
  /** The most rows; null for all. */
  readonly limit: number | null;
  /** The first decides; empty for the list's own order. */
  readonly sort: readonly { readonly field: string; readonly down: boolean }[];
  /** Null for those that the format has by itself. */
  readonly fields: readonly string[] | null;
  readonly absolute: boolean;
}

/** A table on a terminal longer than this is nothing that a person reads. */
const TABLE_ROWS = 200;

/** Adds `-o`, `--limit`, `--sort`, `--fields`, `--absolute` and `--json` to a verb that lists. */
export function withListOptions<Row>(command: Command, { fields }: List<Row>): Command {
  return command
    .option('-o, --output <format>', 'table, json (a document a line: docs/status-json.md) or csv', 'table')
    .option('--limit <rows>', `at most so many; 0 for all (a table: ${TABLE_ROWS}, json and csv: all)`)
    .option('--sort <fields>', 'by these fields, the first decides; -FIELD turns it round')
    .option('--fields <fields>', `only these, in this order: ${fields.join(', ')}`)
    .option('--absolute', 'times in UTC instead of relative to now')
    .option('--json', 'the same as -o json');
}

/** Checks the options of a list. Exit code 64 for what none of them can be. */
export function readListOptions<Row>(list: List<Row>, options: ListOptions): ListRequest {
  const format = formatOf(options);
  const words = (text: string | undefined): readonly string[] =>
    text?.split(',').map((word) => word.trim()) ?? [];
  const sort = words(options.sort).map((word) =>
    word.startsWith('-') ? { field: word.slice(1), down: true } : { field: word, down: false },
  );
  const fields = options.fields === undefined ? null : words(options.fields);
  requireFields(
    list,
    '--sort',
    sort.map(({ field }) => field),
  );
  requireFields(list, '--fields', fields ?? []);
  return { format, limit: limitOf(options.limit, format), sort, fields, absolute: options.absolute === true };
}

function formatOf({ output = 'table', json }: ListOptions): ListFormat {
  if (json === true && output !== 'table' && output !== 'json') {
    throw new CommandError(EXIT.usage, 'give one of --json and -o csv');
  }
  if (json === true || output === 'json') return 'json';
  if (output === 'table' || output === 'csv') return output;
  throw new CommandError(EXIT.usage, `-o ${output}: use table, json or csv`);
}

function limitOf(text: string | undefined, format: ListFormat): number | null {
  if (text === undefined) return format === 'table' ? TABLE_ROWS : null;
  if (!/^\d{1,9}$/.test(text)) throw new CommandError(EXIT.usage, `--limit ${text}: must be a whole number`);
  return Number(text) === 0 ? null : Number(text);
}

function requireFields<Row>(list: List<Row>, option: string, words: readonly string[]): void {
  const unknown = words.find((word) => !list.fields.some((field) => field === word));
  if (unknown === undefined) return;
  throw new CommandError(
    EXIT.usage,
    `${option} ${unknown}: ${list.noun} have no such field; there are ${list.fields.join(', ')}`,
  );
}
