/** What a table is made of: widths, head, rows, and room for the rows that are out of sight. */
import { ArrowDown, ArrowUp } from 'lucide-react';
import { memo, type ReactElement, type Ref } from 'react';
import type { Column } from './column.ts';
import { directionOf, toggledSort } from './sort-order.ts';
import type { Selecting, ShownRow } from './use-data-table.ts';

const USUAL_WEIGHT = 10;
/** Of the box before a row. */
const BOX_WEIGHT = 5;

/** How wide the columns are beside each other. */
export function Widths<Row>({
  columns,
  hasBoxes,
}: {
  readonly columns: readonly Column<Row>[];
  readonly hasBoxes: boolean;
}): ReactElement {
  const weights = [
    ...(hasBoxes ? [{ id: 'box', weight: BOX_WEIGHT }] : []),
    ...columns.map(({ id, weight }) => ({ id, weight: weight ?? USUAL_WEIGHT })),
  ];
  const sum = weights.reduce((before, { weight }) => before + weight, 0);
  return (
    <colgroup>
      {weights.map(({ id, weight }) => (
        <col key={id} style={{ width: `${(100 * weight) / sum}%` }} />
      ))}
    </colgroup>
  );
}

// Roles stand written out: where a row is drawn as a card, browsers no longer take the elements for a table.

/** The head; a column that the API can sort by is a button. */
export function TableHead<Row>({
  columns,
  selecting,
  sort,
  onSort,
}: {
  readonly columns: readonly Column<Row>[];
  readonly selecting: Selecting | null;
  readonly sort: string | undefined;
  readonly onSort: ((sort: string) => void) | undefined;
}): ReactElement {
  return (
    <thead role="rowgroup">
      <tr role="row" aria-rowindex={1}>
        {selecting === null ? null : (
          <th role="columnheader" scope="col" className="data-table__check">
            <Box
              label="Select all rows that are loaded"
              isChecked={selecting.isAll}
              isMixed={selecting.isSome && !selecting.isAll}
              onChange={selecting.selectAll}
            />
          </th>
        )}
        {columns.map(({ id, header, sort: field, isNumber }) => (
          <th
            key={id}
            role="columnheader"
            scope="col"
            className={isNumber === true ? 'data-table__number' : undefined}
            aria-sort={field === undefined ? undefined : (directionOf(sort, field) ?? 'none')}
          >
            {field === undefined || onSort === undefined ? (
              header
            ) : (
              <button
                type="button"
                className="data-table__sort"
                onClick={() => {
                  onSort(toggledSort(sort, field));
                }}
              >
                {header}
                {directionOf(sort, field) === 'ascending' ? <ArrowUp aria-hidden /> : null}
                {directionOf(sort, field) === 'descending' ? <ArrowDown aria-hidden /> : null}
              </button>
            )}
          </th>
        ))}
      </tr>
    </thead>
  );
}

function AnyDataRow<Row>({
  ref,
  index,
  row,
  columns,
  hasBox,
}: {
  readonly ref: Ref<HTMLTableRowElement>;
  /** From 0, over all pages. */
  readonly index: number;
  readonly row: ShownRow<Row>;
  readonly columns: readonly Column<Row>[];
  readonly hasBox: boolean;
}): ReactElement {
  return (
    <tr
      role="row"
      ref={ref}
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={hasBox ? row.isSelected : undefined}
    >
      {hasBox ? (
        <td role="cell" className="data-table__check">
          <Box label={`Select ${row.id}`} isChecked={row.isSelected} onChange={row.select} />
        </td>
      ) : null}
      {columns.map(({ id, header, cell, isNumber }) => (
        <td
          key={id}
          role="cell"
          data-label={header}
          className={isNumber === true ? 'data-table__number' : undefined}
        >
          {cell(row.value)}
        </td>
      ))}
    </tr>
  );
}

/** The same, drawn anew only when it is another row, or the same one with other data. */
export const DataRow = memo(AnyDataRow) as typeof AnyDataRow;

/** Stands for the rows that are out of sight. */
export function Spacer({ height, cells }: { readonly height: number; readonly cells: number }): ReactElement {
  return (
    <tr aria-hidden className="data-table__spacer" style={{ height }}>
      <td colSpan={cells} />
    </tr>
  );
}

function Box({
  label,
  isChecked,
  isMixed = false,
  onChange,
}: {
  readonly label: string;
  readonly isChecked: boolean;
  readonly isMixed?: boolean;
  readonly onChange: (isChecked: boolean) => void;
}): ReactElement {
  return (
    <input
      type="checkbox"
      aria-label={label}
      checked={isChecked}
      ref={(box) => {
        if (box !== null) box.indeterminate = isMixed;
      }}
      onChange={(event) => {
        onChange(event.target.checked);
      }}
    />
  );
}
