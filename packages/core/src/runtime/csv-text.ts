/**
 * Where a spreadsheet would begin a formula: at the start of a cell, and after whatever another importer than RFC 4180's
 * takes for the start of one. Full-width and small forms count: spreadsheets of East Asian locales read them alike.
 * After https://owasp.org/www-community/attacks/CSV_Injection (read 2026-11).
 */
const FORMULA = /(^|[;,|"；，])(?=[\s\p{Cf}\p{Cc}]*[=+\-@＝＋－＠﹦﹢﹣﹫−])/gu;
/** One record is one line, also for tools that know nothing of quotes. */
const LINE_BREAKS = /[\r\n\t\v\f\u0085\u2028\u2029]+/g;

/** What a cell may hold. Null is an empty cell: not known, never 0. */
export type CsvValue = string | number | boolean | null;

/**
 * One record of a CSV document with its line end (RFC 4180). Texts may be foreign (names, tags, output): every cell is
 * quoted, and no spreadsheet finds a formula in one. For a terminal, `terminalText` comes after.
 */
export function csvRecord(values: readonly CsvValue[]): string {
  return `${values.map(cell).join(',')}\r\n`;
}

/** Ids, names, states and times, which make up most cells: nothing in them is a formula, a line's end or a quote. */
const PLAIN = /^[A-Za-z0-9][\w .:/-]*$/;

function cell(value: CsvValue): string {
  if (value === null) return '""';
  if (typeof value !== 'string' || PLAIN.test(value)) return `"${value}"`;
  const text = value.replaceAll(LINE_BREAKS, ' ').replaceAll(FORMULA, "$1'");
  return `"${text.replaceAll('"', '""')}"`;
}
