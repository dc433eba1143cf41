import type { ReactNode } from 'react';

/** A column of a table of `Row`. */
export interface Column<Row> {
  readonly id: string;
  readonly header: string;
  readonly cell: (row: Row) => ReactNode;
  /** The field that the API sorts by; absent: not sortable. */
  readonly sort?: string;
  /** How wide it is beside the others: its share of the table. @default 10 */
  readonly weight?: number;
  readonly isNumber?: boolean;
  /** Hidden until the operator chooses it. */
  readonly isOptional?: boolean;
}

/** The ids to show: those that were chosen and are known, or the usual ones. */
export function shownColumns<Row>(
  columns: readonly Column<Row>[],
  chosen: readonly string[],
): readonly string[] {
  const known = columns.filter(({ id }) => chosen.includes(id)).map(({ id }) => id);
  if (known.length > 0) return known;
  return columns.filter(({ isOptional }) => isOptional !== true).map(({ id }) => id);
}
