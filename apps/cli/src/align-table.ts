import { terminalLine } from '@muster/core/runtime/terminal-text';

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

/**
 * Characters that take two columns of a terminal: ideographs, kana, Hangul, full-width forms, emoji. After Unicode
 * Standard Annex 11, by the properties that the runtime knows: https://www.unicode.org/reports/tr11/ (read 2026-11).
 */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/u;
/** Katakana and Hangul have half-width forms too. */
const HALF_WIDTH = /[\uff61-\uffdc]/u;
const COMBINING = /\p{M}/u;
const SIMPLE = /^[\x20-\x7e]*$/;

/** How many columns of a terminal the text takes, in a terminal that follows Unicode. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width;
}

/** As much of the text's beginning as fits into so many columns, in whole characters; `…` stands for what was cut. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = '';
  let width = 1;
  for (const character of text) {
    width += widthOf(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

function widthOf(character: string): number {
  if (COMBINING.test(character)) return 0;
  return WIDE.test(character) && !HALF_WIDTH.test(character) ? 2 : 1;
}
