import type { UnitRow } from '@muster/api/accounts';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useMemo, useRef, useState } from 'react';
import { figure, plural } from '../../format/numbers.ts';
import { plainText } from '../../format/plain-text.ts';
import { pressInTree, rowsOfTree, titleOf, trailOf, type TreeRow } from './unit-rows.ts';
import './unit-tree.css';

/** The organizational units with the sums of the accounts below them. Choosing one shows its accounts; choosing it again shows all. */
export function UnitTree({
  units,
  chosen,
  onChoose,
}: {
  readonly units: readonly UnitRow[];
  /** Empty: none. */
  readonly chosen: string;
  readonly onChoose: (unitId: string) => void;
}): ReactElement {
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [focused, setFocused] = useState<string | null>(null);
  const tree = useRef<HTMLUListElement>(null);
  const open = useMemo(() => openUnits(units, chosen, toggled), [units, chosen, toggled]);
  const rows = useMemo(() => rowsOfTree(units, open), [units, open]);
  const at = Math.max(
    0,
    rows.findIndex(({ unit }) => unit.unitId === (focused ?? chosen)),
  );

  function toggle(unitId: string): void {
    setToggled((before) => {
      const after = new Set(before);
      if (!after.delete(unitId)) after.add(unitId);
      return after;
    });
  }

  function onKeyDown(event: KeyboardEvent): void {
    const row = rows[at];
    if (row !== undefined && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault();
      onChoose(row.unit.unitId === chosen ? '' : row.unit.unitId);
      return;
    }
    const pressed = pressInTree(event.key, rows, at);
    if (pressed === null) return;
    event.preventDefault();
    if ('toggle' in pressed) {
      toggle(pressed.toggle);
      return;
    }
    setFocused(rows[pressed.focus]?.unit.unitId ?? null);
    tree.current?.querySelectorAll<HTMLElement>('[role="treeitem"]')[pressed.focus]?.focus();
  }

  return (
    <ul ref={tree} role="tree" aria-label="Organizational units" className="unit-tree" onKeyDown={onKeyDown}>
      {rows.map((row, index) => (
        <UnitItem
          key={row.unit.unitId}
          row={row}
          isChosen={row.unit.unitId === chosen}
          isTabStop={index === at}
          onToggle={() => {
            toggle(row.unit.unitId);
          }}
          onChoose={() => {
            setFocused(row.unit.unitId);
            onChoose(row.unit.unitId === chosen ? '' : row.unit.unitId);
          }}
        />
      ))}
    </ul>
  );
}

function UnitItem({
  row: { unit, level, open },
  isChosen,
  isTabStop,
  onToggle,
  onChoose,
}: {
  readonly row: TreeRow;
  readonly isChosen: boolean;
  readonly isTabStop: boolean;
  readonly onToggle: () => void;
  readonly onChoose: () => void;
}): ReactElement {
  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events -- the tree takes the keys of its items
    <li
      role="treeitem"
      aria-level={level}
      aria-selected={isChosen}
      {...(open === null ? {} : { 'aria-expanded': open })}
      tabIndex={isTabStop ? 0 : -1}
      className="unit-tree__item"
      style={{ paddingInlineStart: `${(level - 1) * 16 + 4}px` }}
      title={unit.unitId}
      onClick={onChoose}
    >
      {/* The keyboard opens and closes by the arrow keys of the tree. */}
      <span
        className="unit-tree__toggle"
        aria-hidden
        onClick={(event) => {
          event.stopPropagation();
          if (open !== null) onToggle();
        }}
      >
        {open === null ? null : open ? <ChevronDown /> : <ChevronRight />}
      </span>
      <span className="unit-tree__name breaks">{plainText(titleOf(unit))}</span>
      <span className="unit-tree__sum quiet small">
        {plural(unit.accounts, 'account')} · {figure(unit.joined)} of {plural(unit.hosts, 'host')} joined
        <Trouble count={unit.lost + unit.failed} word="failed or lost" />
        <Trouble count={unit.denied} word="denied" />
      </span>
    </li>
  );
}

function Trouble({ count, word }: { readonly count: number; readonly word: string }): ReactElement | null {
  if (count === 0) return null;
  return (
    <>
      {' · '}
      <span className="tone-bad">
        {figure(count)} {word}
      </span>
    </>
  );
}

/** Roots and what leads to the chosen unit are open, until the operator says otherwise. */
function openUnits(
  units: readonly UnitRow[],
  chosen: string,
  toggled: ReadonlySet<string>,
): ReadonlySet<string> {
  const open = new Set(units.filter(({ parentId }) => parentId === null).map(({ unitId }) => unitId));
  for (const { unitId } of trailOf(units, chosen).slice(0, -1)) open.add(unitId);
  for (const unitId of toggled) if (!open.delete(unitId)) open.add(unitId);
  return open;
}
