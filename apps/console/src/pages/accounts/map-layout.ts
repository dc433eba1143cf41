/** Where the cells of the map of accounts by regions lie, which are seen, and which one a key or a click means. Pixels are CSS pixels. */

/** The measures of a map in its window. */
export interface MapLayout {
  readonly rows: number;
  readonly columns: number;
  /** For the names of accounts, left of the cells. */
  readonly labelWidth: number;
  /** For the names of regions, above the cells; they stay when rows scroll. */
  readonly headHeight: number;
  readonly rowHeight: number;
  readonly columnWidth: number;
}

/** A cell by row and column, from 0. */
export interface CellPlace {
  readonly row: number;
  readonly column: number;
}

const WIDEST_LABEL = 260;
const WIDEST_COLUMN = 56;
/** Below this a cell cannot be touched, or told from its neighbor. */
const NARROWEST_COLUMN = 13;
const ROW_HEIGHT = 20;
const HEAD_HEIGHT = 108;

/** Fits a map of `rows` × `columns` into a width: cells shrink first, then names. */
export function layOutMap(rows: number, columns: number, width: number): MapLayout {
  const wished = Math.min(WIDEST_LABEL, Math.max(90, width * 0.28));
  const columnWidth = Math.max(
    NARROWEST_COLUMN,
    Math.min(WIDEST_COLUMN, Math.floor((width - wished) / Math.max(1, columns))),
  );
  const labelWidth = Math.max(70, Math.min(WIDEST_LABEL, width - columnWidth * columns));
  return { rows, columns, labelWidth, headHeight: HEAD_HEIGHT, rowHeight: ROW_HEIGHT, columnWidth };
}

/** Height of all rows together, without the head. */
export function heightOfRows({ rows, rowHeight }: MapLayout): number {
  return rows * rowHeight;
}

/** The rows that a window shows: from the first, before the last. */
export function seenRows(
  { rows, rowHeight }: MapLayout,
  scrollTop: number,
  height: number,
): { readonly from: number; readonly to: number } {
  return {
    from: Math.max(0, Math.floor(scrollTop / rowHeight)),
    to: Math.min(rows, Math.ceil((scrollTop + height) / rowHeight)),
  };
}

/** The cell at a point of the window; null beside the cells. A point on a name is the cell of column -1. */
export function cellAt(layout: MapLayout, x: number, y: number, scrollTop: number): CellPlace | null {
  if (y < layout.headHeight || x < 0) return null;
  const row = Math.floor((y - layout.headHeight + scrollTop) / layout.rowHeight);
  if (row >= layout.rows) return null;
  if (x < layout.labelWidth) return { row, column: -1 };
  const column = Math.floor((x - layout.labelWidth) / layout.columnWidth);
  return column < layout.columns ? { row, column } : null;
}

/** How far a key moves; by `PageUp` and `PageDown` a window's rows. */
const MOVES: Readonly<Record<string, (at: CellPlace, layout: MapLayout, page: number) => CellPlace>> = {
  ArrowUp: ({ row, column }) => ({ row: row - 1, column }),
  ArrowDown: ({ row, column }) => ({ row: row + 1, column }),
  ArrowLeft: ({ row, column }) => ({ row, column: column - 1 }),
  ArrowRight: ({ row, column }) => ({ row, column: column + 1 }),
  PageUp: ({ row, column }, _layout, page) => ({ row: row - page, column }),
  PageDown: ({ row, column }, _layout, page) => ({ row: row + page, column }),
  Home: ({ row }) => ({ row, column: 0 }),
  End: ({ row }, { columns }) => ({ row, column: columns - 1 }),
};

/** Where a key leads, kept inside of the map; null for a key that does not move. */
export function moveBy(key: string, at: CellPlace, layout: MapLayout, height: number): CellPlace | null {
  const move = MOVES[key];
  if (move === undefined || layout.rows === 0 || layout.columns === 0) return null;
  const page = Math.max(1, Math.floor(height / layout.rowHeight) - 1);
  const { row, column } = move(at, layout, page);
  return {
    row: Math.min(layout.rows - 1, Math.max(0, row)),
    column: Math.min(layout.columns - 1, Math.max(0, column)),
  };
}

/** Where the window must stand so that a row is seen whole. */
export function scrollTo(layout: MapLayout, row: number, scrollTop: number, height: number): number {
  const top = row * layout.rowHeight;
  if (top < scrollTop) return top;
  const bottom = top + layout.rowHeight;
  return bottom > scrollTop + height ? bottom - height : scrollTop;
}
