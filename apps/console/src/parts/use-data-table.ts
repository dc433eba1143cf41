import {
  type ColumnDef,
  columnVisibilityFeature,
  rowSelectionFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useMemo } from 'react';
import { type Column, shownColumns } from './column.ts';

const FEATURES = tableFeatures({ columnVisibilityFeature, rowSelectionFeature });
const NONE: ReadonlySet<string> = new Set();

/** A row as the table draws it. */
export interface ShownRow<Row> {
  readonly id: string;
  readonly value: Row;
  readonly isSelected: boolean;
  readonly select: (isSelected: boolean) => void;
}

/** What is selected of the rows that are loaded, and how to select all of them. */
export interface Selecting {
  readonly isAll: boolean;
  readonly isSome: boolean;
  readonly selectAll: (isSelected: boolean) => void;
}

/** The columns and rows of a table as they are shown. */
export function useDataTable<Row extends object>({
  columns,
  rows,
  rowId,
  chosen = [],
  selected = NONE,
  onSelect,
}: {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  readonly chosen?: readonly string[] | undefined;
  readonly selected?: ReadonlySet<string> | undefined;
  readonly onSelect?: ((selected: ReadonlySet<string>) => void) | undefined;
}): {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly ShownRow<Row>[];
  readonly selecting: Selecting | null;
} {
  const definitions = useMemo(
    () => columns.map(({ id, header }): ColumnDef<typeof FEATURES, Row> => ({ id, header })),
    [columns],
  );
  const rowSelection = useMemo(
    () => Object.fromEntries([...selected].map((id) => [id, true as const])),
    [selected],
  );
  const visible = shownColumns(columns, chosen);
  const table = useTable({
    features: FEATURES,
    columns: definitions,
    data: rows,
    getRowId: rowId,
    state: {
      rowSelection,
      columnVisibility: Object.fromEntries(columns.map(({ id }) => [id, visible.includes(id)])),
    },
    onRowSelectionChange: (change) => {
      const next = typeof change === 'function' ? change(rowSelection) : change;
      onSelect?.(new Set(Object.keys(next)));
    },
  });
  const shown = new Set(table.getVisibleLeafColumns().map(({ id }) => id));
  return {
    columns: columns.filter(({ id }) => shown.has(id)),
    rows: table.getRowModel().rows.map((row) => ({
      id: row.id,
      value: row.original,
      isSelected: row.getIsSelected(),
      select: (isSelected) => {
        row.toggleSelected(isSelected);
      },
    })),
    selecting:
      onSelect === undefined
        ? null
        : {
            isAll: rows.length > 0 && table.getIsAllRowsSelected(),
            isSome: table.getIsSomeRowsSelected(),
            selectAll: (isSelected) => {
              table.toggleAllRowsSelected(isSelected);
            },
          },
  };
}
