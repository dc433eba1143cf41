import type { CoverageMap as MapData } from '@muster/api/accounts';
import { type KeyboardEvent, type MouseEvent, type ReactElement, useId, useMemo, useState } from 'react';
import { plainText } from '../../format/plain-text.ts';
import { describeCell, LEGEND, type MapAccount, sortAccounts } from './map-cells.ts';
import { cellAt, type CellPlace, heightOfRows, moveBy, scrollTo } from './map-layout.ts';
import { useMapCanvas } from './use-map-canvas.ts';
import './coverage-map.css';

/** What a cell is chosen for: one account, in one region or (null) in all. */
export interface ChosenCell {
  readonly accountId: string;
  readonly region: string | null;
}

/**
 * The map of accounts by regions. Drawn on a canvas, since a thousand accounts are 17,000 cells: it takes the focus, arrow
 * keys move over its cells, Enter opens one, and what a cell says stands below the map and is read out.
 */
export function CoverageMap({
  map,
  order,
  onChoose,
}: {
  readonly map: MapData;
  readonly order: 'attention' | 'name';
  readonly onChoose: (cell: ChosenCell) => void;
}): ReactElement {
  const accounts = useMemo(() => sortAccounts(map.accounts, order), [map, order]);
  const [at, setAt] = useState<CellPlace | null>(null);
  const { windowRef, canvasRef, layout, width, height, draw } = useMapCanvas(accounts, map.regions, at);
  const helpId = useId();

  function choose({ row, column }: CellPlace): void {
    const account = accounts[row];
    if (account === undefined) return;
    onChoose({ accountId: account.accountId, region: map.regions[column] ?? null });
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>): void {
    const place = at ?? { row: 0, column: 0 };
    if (event.key === 'Enter') {
      choose(place);
      return;
    }
    const seen = height - layout.headHeight;
    const next = moveBy(event.key, place, layout, seen);
    if (next === null) return;
    event.preventDefault();
    setAt(next);
    event.currentTarget.scrollTop = scrollTo(layout, next.row, event.currentTarget.scrollTop, seen);
  }

  function placeOf({ currentTarget, clientX, clientY }: MouseEvent<HTMLDivElement>): CellPlace | null {
    const box = currentTarget.getBoundingClientRect();
    return cellAt(layout, clientX - box.left, clientY - box.top, currentTarget.scrollTop);
  }

  return (
    <div className="coverage-map">
      <p id={helpId} className="unseen">
        Arrow keys move over the cells, Enter shows the hosts of one. The page of an account has the same
        figures as a table.
      </p>
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application takes keys and clicks */}
      <div
        ref={windowRef}
        className="coverage-map__window"
        style={{ height }}
        role="application"
        aria-label={`Map of ${accounts.length} accounts by ${map.regions.length} regions`}
        aria-describedby={helpId}
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- an application of its own, with keys
        tabIndex={0}
        onScroll={draw}
        onKeyDown={onKeyDown}
        onFocus={() => {
          setAt((before) => before ?? { row: 0, column: 0 });
        }}
        onMouseMove={(event) => {
          const place = placeOf(event);
          if (place?.row !== at?.row || place?.column !== at?.column) setAt(place);
        }}
        onClick={(event) => {
          const place = placeOf(event);
          if (place !== null) choose(place);
        }}
      >
        <canvas
          ref={canvasRef}
          className="coverage-map__canvas"
          width={Math.round(width * devicePixelRatio)}
          height={Math.round(height * devicePixelRatio)}
          style={{ width, height }}
          aria-hidden
        />
        {/* Gives the window its way to scroll: the canvas itself stays in sight. */}
        <div style={{ height: Math.max(0, heightOfRows(layout) + layout.headHeight - height) }} />
      </div>
      <p className="coverage-map__said" aria-live="polite">
        <Said at={at} accounts={accounts} regions={map.regions} />
      </p>
      <Legend />
    </div>
  );
}

function Legend(): ReactElement {
  return (
    <ul className="coverage-map__legend" aria-label="Signs of the map">
      {LEGEND.map(({ tone, sign, means }) => (
        <li key={means}>
          <span className={`map-sign map-sign--${tone}`} aria-hidden>
            {sign}
          </span>
          {means}
        </li>
      ))}
    </ul>
  );
}

function Said({
  at,
  accounts,
  regions,
}: {
  readonly at: CellPlace | null;
  readonly accounts: readonly MapAccount[];
  readonly regions: readonly string[];
}): ReactElement {
  const account = at === null ? undefined : accounts[at.row];
  if (at === null || account === undefined) {
    return <span className="quiet">Point at a cell, or move with the arrow keys.</span>;
  }
  const region = regions[at.column];
  const name = account.name === '' ? '' : `${plainText(account.name)} `;
  return (
    <>
      <strong className="breaks">
        {name}
        {account.accountId}
      </strong>
      {region === undefined ? null : ` ${describeCell(region, account.cells[at.column] ?? null)}`}
    </>
  );
}
