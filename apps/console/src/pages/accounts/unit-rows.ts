/** The organizational units as a tree of rows: which are shown, how deep, and what a key does. */
import type { UnitRow } from '@muster/api/accounts';

/** A row of the tree. */
export interface TreeRow {
  readonly unit: UnitRow;
  /** From 1, as `aria-level` counts. */
  readonly level: number;
  /** Null for a unit without units below it. */
  readonly open: boolean | null;
}

/**
 * The rows that are shown: roots, and what is below units in `open`, parents first, siblings by name. A unit whose parent is
 * not among the units stands as a root. A cycle, which no organization has, hides its units instead of the page.
 */
export function rowsOfTree(units: readonly UnitRow[], open: ReadonlySet<string>): readonly TreeRow[] {
  const known = new Set(units.map(({ unitId }) => unitId));
  const below = Map.groupBy(units, ({ parentId }) =>
    parentId !== null && known.has(parentId) ? parentId : '',
  );
  const rows: TreeRow[] = [];
  const show = (parentId: string, level: number): void => {
    const children = below.get(parentId) ?? [];
    for (const unit of children.toSorted((a, b) => titleOf(a).localeCompare(titleOf(b)))) {
      const isParent = below.has(unit.unitId);
      rows.push({ unit, level, open: isParent ? open.has(unit.unitId) : null });
      if (isParent && open.has(unit.unitId)) show(unit.unitId, level + 1);
    }
  };
  show('', 1);
  return rows;
}

/** What a unit is called where it has no name: its id. */
export function titleOf({ name, unitId }: Pick<UnitRow, 'name' | 'unitId'>): string {
  return name === '' ? unitId : name;
}

/** Units from the root down to one, for a trail of links; empty for a unit that is not known. */
export function trailOf(units: readonly UnitRow[], unitId: string): readonly UnitRow[] {
  const byId = new Map(units.map((unit) => [unit.unitId, unit]));
  const trail: UnitRow[] = [];
  for (let unit = byId.get(unitId); unit !== undefined && !trail.includes(unit); ) {
    trail.unshift(unit);
    unit = unit.parentId === null ? undefined : byId.get(unit.parentId);
  }
  return trail;
}

/** What a key does in the tree, as trees of the WAI-ARIA practices do: another row, a unit opened or closed, or nothing. */
export function pressInTree(
  key: string,
  rows: readonly TreeRow[],
  at: number,
): { readonly focus: number } | { readonly toggle: string } | null {
  const row = rows[at];
  if (row === undefined) return null;
  switch (key) {
    case 'ArrowDown':
      return { focus: Math.min(rows.length - 1, at + 1) };
    case 'ArrowUp':
      return { focus: Math.max(0, at - 1) };
    case 'Home':
      return { focus: 0 };
    case 'End':
      return { focus: rows.length - 1 };
    case 'ArrowRight':
      if (row.open === false) return { toggle: row.unit.unitId };
      return row.open === true ? { focus: at + 1 } : null;
    case 'ArrowLeft': {
      if (row.open === true) return { toggle: row.unit.unitId };
      const parent = rows.findIndex(({ unit }) => unit.unitId === row.unit.parentId);
      return parent < 0 ? null : { focus: parent };
    }
    default:
      return null;
  }
}
