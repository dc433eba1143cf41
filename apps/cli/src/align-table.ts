import { terminalLine } from '@muster/core/runtime/terminal-text';
import { displayWidth } from './display-width.ts';

/**
 * Rows as lines: the first column to the left, all others to the right, two spaces between. What stands in a cell may be
 * foreign text: it stays in its line, and in its column also when its characters are two columns wide.
 */
export function alignTable(rows: readonly (readonly string[])[]): readonly string[] {
  const cells = rows.map((row) => row.map(terminalLine));
  const columns = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...cells.map((row) => displayWidth(row[column] ?? ''))),
  );
  return cells.map((row) =>
    widths
      .map((width, column) => {
        const text = row[column] ?? '';
        const room = ' '.repeat(width - displayWidth(text));
        return column === 0 ? `${text}${room}` : `${room}${text}`;
      })
      .join('  ')
      .trimEnd(),
  );
}
