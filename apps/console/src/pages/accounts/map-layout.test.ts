import { expect, test } from 'vitest';
import { cellAt, heightOfRows, layOutMap, moveBy, scrollTo, seenRows } from './map-layout.ts';

const WIDE = layOutMap(1_000, 17, 1_180);

test.each([320, 358, 760, 1_180, 1_800])(
  '17 regions fit into %i px, and the names of accounts have room',
  (width) => {
    const { labelWidth, columnWidth } = layOutMap(1_000, 17, width);
    expect(labelWidth + 17 * columnWidth).toBeLessThanOrEqual(width);
    expect(columnWidth).toBeGreaterThanOrEqual(13);
    expect(labelWidth).toBeGreaterThanOrEqual(70);
  },
);

test('only the rows that are seen are drawn', () => {
  expect(heightOfRows(WIDE)).toBe(20_000);
  expect(seenRows(WIDE, 0, 400)).toEqual({ from: 0, to: 20 });
  expect(seenRows(WIDE, 10_010, 400)).toEqual({ from: 500, to: 521 });
  expect(seenRows(layOutMap(3, 17, 1_180), 0, 400)).toEqual({ from: 0, to: 3 });
});

test('a point is the cell under it, the name of an account, or nothing', () => {
  const x = WIDE.labelWidth + WIDE.columnWidth * 2 + 1;
  expect(cellAt(WIDE, x, WIDE.headHeight + 1, 200)).toEqual({ row: 10, column: 2 });
  expect(cellAt(WIDE, 5, WIDE.headHeight + 1, 0)).toEqual({ row: 0, column: -1 });
  expect(cellAt(WIDE, x, 3, 0)).toBeNull();
  expect(cellAt(WIDE, WIDE.labelWidth + 17 * WIDE.columnWidth + 1, WIDE.headHeight + 1, 0)).toBeNull();
  expect(cellAt(layOutMap(3, 17, 1_180), x, WIDE.headHeight + 70, 0)).toBeNull();
});

test.each([
  ['ArrowDown', { row: 6, column: 4 }],
  ['ArrowRight', { row: 5, column: 5 }],
  ['PageDown', { row: 24, column: 4 }],
  ['PageUp', { row: 0, column: 4 }],
  ['Home', { row: 5, column: 0 }],
  ['End', { row: 5, column: 16 }],
])('%s leads from row 5, column 4 to %j', (key, expected) => {
  expect(moveBy(key, { row: 5, column: 4 }, WIDE, 400)).toEqual(expected);
});

test('no key leads out of the map, and others do nothing', () => {
  expect(moveBy('ArrowUp', { row: 0, column: 0 }, WIDE, 400)).toEqual({ row: 0, column: 0 });
  expect(moveBy('ArrowRight', { row: 0, column: 16 }, WIDE, 400)).toEqual({ row: 0, column: 16 });
  expect(moveBy('a', { row: 0, column: 0 }, WIDE, 400)).toBeNull();
  expect(moveBy('ArrowUp', { row: 0, column: 0 }, layOutMap(0, 17, 400), 400)).toBeNull();
});

test('the window follows the row that keys have led to', () => {
  expect(scrollTo(WIDE, 30, 0, 400)).toBe(220);
  expect(scrollTo(WIDE, 3, 400, 400)).toBe(60);
  expect(scrollTo(WIDE, 10, 100, 400)).toBe(100);
});
