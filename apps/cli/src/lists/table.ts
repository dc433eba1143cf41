import { Table } from 'console-table-printer';
import { wcswidth } from 'simple-wcswidth';
import { terminalLine } from '@muster/core/runtime/terminal-text';

/** A column of a table for people. */
export interface TableColumn {
  readonly title: string;
  /** Figures stand to the right. @default 'left' */
  readonly align?: 'left' | 'right';
}

const NONE = { left: '', mid: '', right: '', other: '' };
/** Columns apart, headings and no rules: a line of the table is a line of text for `grep` and `awk`. */
const PLAIN = { headerTop: NONE, headerBottom: NONE, tableBottom: NONE, rowSeparator: NONE, vertical: '' };

/**
 * Rows under headings as lines, two spaces between columns. What stands in a cell may be foreign text: it stays in its line, and in
 * its column also when its characters are two columns wide.
 *
 * @param paint colors the finished text of a cell; it takes the cell's row and column
 */
export function tableLines(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  paint: (text: string, row: number, column: number) => string = (text) => text,
): readonly string[] {
  if (columns.length === 0) return [];
  const table = new Table({
    shouldDisableColors: true,
    style: PLAIN,
    columns: columns.map(({ title, align = 'left' }, column) => ({
      name: String(column),
      title,
      alignment: align,
    })),
  });
  for (const [row, cells] of rows.entries()) {
    table.addRow(
      Object.fromEntries(
        columns.map((_, column) => [String(column), paint(terminalLine(cells[column] ?? ''), row, column)]),
      ),
    );
  }
  // The library sets a space at both sides of a cell, and an empty line for each rule that is left out.
  const lines = table.render().split('\n');
  return lines.filter((line) => line !== '').map((line) => line.slice(1).trimEnd());
}

const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * As much of the text's beginning as fits into so many columns of a terminal, in whole characters; `…` stands for what was cut. What
 * shows nothing has no width, and has six columns as it is shown: the text is cut as it is shown.
 */
export function cutToWidth(text: string, columns: number): string {
  const shown = terminalLine(text);
  if (wcswidth(shown) <= columns) return shown;
  let kept = '';
  let width = 1;
  for (const { segment } of GRAPHEMES.segment(shown)) {
    width += wcswidth(segment);
    if (width > columns) break;
    kept += segment;
  }
  return `${kept}…`;
}
