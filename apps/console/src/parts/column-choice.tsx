import * as Ariakit from '@ariakit/react';
import { Columns3 } from 'lucide-react';
import type { ReactElement } from 'react';
import { type Column, shownColumns } from './column.ts';

/** Chooses the columns of a table. `onChoose` gets the ids in the order of the columns; an empty text stands for the usual ones. */
export function ColumnChoice<Row>({
  columns,
  chosen,
  onChoose,
}: {
  readonly columns: readonly Column<Row>[];
  /** As it stands in the address; empty: the usual ones. */
  readonly chosen: readonly string[];
  readonly onChoose: (ids: readonly string[]) => void;
}): ReactElement {
  const shown = shownColumns(columns, chosen);
  return (
    <Ariakit.MenuProvider
      placement="bottom-end"
      values={{ columns: [...shown] }}
      setValues={({ columns: next }) => {
        if (!Array.isArray(next)) return;
        const ids = columns.map(({ id }) => id).filter((id) => next.includes(id));
        const usual = shownColumns(columns, []);
        onChoose(ids.join() === usual.join() ? [] : ids);
      }}
    >
      <Ariakit.MenuButton className="button">
        <Columns3 aria-hidden />
        Columns
      </Ariakit.MenuButton>
      <Ariakit.Menu gutter={6} className="menu" portal>
        {columns.map(({ id, header }) => (
          <Ariakit.MenuItemCheckbox
            key={id}
            name="columns"
            value={id}
            className="menu__item"
            // A table without columns says nothing.
            disabled={shown.length === 1 && shown[0] === id}
          >
            <Ariakit.MenuItemCheck />
            {header}
          </Ariakit.MenuItemCheckbox>
        ))}
      </Ariakit.Menu>
    </Ariakit.MenuProvider>
  );
}
