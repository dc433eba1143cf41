import { expect, test } from 'vitest';
import { askedSelection, type Chosen, chosenRows, NOTHING, sizeOf } from './selection.ts';

const PAGE = ['i-1', 'i-2', 'i-3'];
const TWO: Chosen = { kind: 'rows', ids: new Set(['i-1', 'i-9']) };
const MATCHING: Chosen = { kind: 'matching' };

test('rows are chosen by id, those of other pages too', () => {
  expect(chosenRows(TWO, PAGE)).toEqual(new Set(['i-1', 'i-9']));
  expect(sizeOf(TWO, 5_000)).toBe(2);
});

test('all that match are every row of the page, and as many as the list says', () => {
  expect(chosenRows(MATCHING, PAGE)).toEqual(new Set(PAGE));
  expect(sizeOf(MATCHING, 5_000)).toBe(5_000);
});

test('an action is asked for by ids, by the filters, or for everything, and never for nothing', () => {
  expect(askedSelection(TWO, { state: 'failed' })).toEqual({ instances: ['i-1', 'i-9'] });
  expect(askedSelection(MATCHING, { state: 'failed,lost' })).toEqual({ filter: { state: 'failed,lost' } });
  expect(askedSelection(MATCHING, {})).toEqual({ scope: 'all' });
  expect(askedSelection(NOTHING, { state: 'failed' })).toBeNull();
});
