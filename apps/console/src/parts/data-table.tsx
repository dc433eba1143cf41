import type { ReactElement } from 'react';
import type { Column } from './column.ts';
import { DataRow, Spacer, TableHead, Widths } from './data-table-rows.tsx';
import { type ShownRow, useDataTable } from './use-data-table.ts';
import { useVirtualRows } from './use-virtual-rows.ts';
import './data-table.css';

export interface DataTableProps<Row> {
  /** What the rows are, for a screen reader. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** Rows over all pages, as far as that is known. */
  readonly total?: number | undefined;
  /** As the API takes it: `-since`. */
  readonly sort?: string | undefined;
  readonly onSort?: (sort: string) => void;
  /** Ids of the columns that the operator chose; none: the usual ones. */
  readonly chosen?: readonly string[];
  /** Ids of selected rows; with `onSelect` every row gets a box. */
  readonly selected?: ReadonlySet<string>;
  readonly onSelect?: (selected: ReadonlySet<string>) => void;
  /** Called when the end of the rows comes into sight. */
  readonly onReachEnd?: () => void;
}

/**
 * A table whose order and pages are the API's. Only rows in sight are in the document, however many there are; on a
 * narrow screen each row is a card.
 */
export function DataTable<Row extends object>(props: DataTableProps<Row>): ReactElement {
  const { columns, rows, selecting } = useDataTable(props);
  return (
    <div className="data-table">
      <table role="table" aria-label={props.label} aria-rowcount={(props.total ?? rows.length) + 1}>
        <Widths columns={columns} hasBoxes={selecting !== null} />
        <TableHead columns={columns} selecting={selecting} sort={props.sort} onSort={props.onSort} />
        <RowsInSight
          columns={columns}
          rows={rows}
          hasBoxes={selecting !== null}
          onReachEnd={props.onReachEnd}
        />
      </table>
    </div>
  );
}

/** A part of its own: scrolling draws the rows that come into sight, and nothing else anew. */
function RowsInSight<Row>({
  columns,
  rows,
  hasBoxes,
  onReachEnd,
}: {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly ShownRow<Row>[];
  readonly hasBoxes: boolean;
  readonly onReachEnd: (() => void) | undefined;
}): ReactElement {
  const { ref, items, before, after, measure } = useVirtualRows(rows.length, onReachEnd);
  const cells = columns.length + (hasBoxes ? 1 : 0);
  return (
    <tbody role="rowgroup" ref={ref}>
      {before > 0 ? <Spacer height={before} cells={cells} /> : null}
      {items.map(({ index }) => {
        const row = rows[index];
        return row === undefined ? null : (
          <DataRow key={row.id} ref={measure} index={index} row={row} columns={columns} hasBox={hasBoxes} />
        );
      })}
      {after > 0 ? <Spacer height={after} cells={cells} /> : null}
    </tbody>
  );
}
