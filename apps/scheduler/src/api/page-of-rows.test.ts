import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readListRequest, type ListAsked } from './list-request.ts';
import { pageOfRows } from './page-of-rows.ts';
import { z } from 'zod';

interface Row {
  readonly id: string;
  readonly hosts: number | null;
  readonly name: string;
}

const rules = {
  row: z.object({ id: z.string(), hosts: z.number(), name: z.string() }),
  sorts: ['hosts', 'name', 'id'],
  usualSort: '-hosts',
};
const freshness = { asOf: '2026-11-30T00:00:00.000Z', ageMs: 0, stale: false };

function asked(query: Readonly<Record<string, unknown>>): ListAsked {
  const { list, faults } = readListRequest(rules, query, 'rows');
  expect(faults).toEqual([]);
  return list;
}

const rows = fc.uniqueArray(
  fc.record({
    id: fc.string({ minLength: 1 }),
    hosts: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(null)),
    name: fc.constantFrom('a', 'b', 'Ä', ''),
  }),
  { selector: ({ id }) => id, maxLength: 20 },
);
const sort = fc.constantFrom('hosts', '-hosts', 'name,-hosts', '-name,id', '-id');

function readAll(all: (page: number) => readonly Row[], order: string, limit: number): readonly Row[] {
  const read: Row[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 100; page += 1) {
    const list = asked({ sort: order, limit, ...(cursor === null ? {} : { cursor }) });
    const { items, next } = pageOfRows(all(page), { list, idOf: ({ id }) => id, freshness });
    read.push(...items);
    if (next === null) return read;
    cursor = next;
  }
  throw new Error('the pages do not end');
}

test('the pages of a list together are the list, each row once, in its order', () => {
  fc.assert(
    fc.property(rows, sort, fc.integer({ min: 1, max: 5 }), (all, order, limit) => {
      expect(readAll(() => all, order, limit)).toEqual(readAll(() => all, order, 500));
      expect(new Set(readAll(() => all, order, limit)).size).toBe(all.length);
    }),
  );
});

test('rows that come and go between two pages keep no other row from being seen, or seen once', () => {
  fc.assert(
    fc.property(rows, rows, sort, fc.integer({ min: 1, max: 5 }), (kept, coming, order, limit) => {
      const known = new Set(kept.map(({ id }) => id));
      const guests = coming.filter(({ id }) => !known.has(id));

      const read = readAll((page) => (page % 2 === 0 ? kept : [...guests, ...kept]), order, limit);

      const ids = read.map(({ id }) => id).filter((id) => known.has(id));
      expect(ids.toSorted()).toEqual([...known].toSorted());
    }),
  );
});

test('what is not known stands last, and first where the order is turned round', () => {
  const all: readonly Row[] = [
    { id: 'x', hosts: null, name: '' },
    { id: 'y', hosts: 2, name: '' },
    { id: 'z', hosts: 1, name: '' },
  ];

  expect(readAll(() => all, 'hosts', 2).map(({ id }) => id)).toEqual(['z', 'y', 'x']);
  expect(readAll(() => all, '-hosts', 2).map(({ id }) => id)).toEqual(['x', 'y', 'z']);
});

test.each([
  [{ sort: 'host' }, 'sort', 'did you mean hosts?'],
  [{ sort: 'colour' }, 'sort', 'Known: hosts, name, id.'],
  [{ fields: 'id,nam' }, 'fields', 'did you mean name?'],
  [{ cursor: 'none' }, 'cursor', 'no cursor of this API'],
  [{ sort: 'hosts,name,id,-hosts,-name,-id' }, 'sort', 'At most 5'],
])('%o is refused with a way out', (query, parameter, text) => {
  const { faults } = readListRequest(rules, query, 'rows');

  expect(faults).toEqual([{ parameter, detail: expect.stringContaining(text) as string }]);
});

test('a cursor of another sort or another filter is refused', () => {
  const list = asked({ sort: 'hosts', limit: 1 });
  const { next: cursor } = pageOfRows([{ id: 'a' }, { id: 'b' }], { list, idOf: ({ id }) => id, freshness });

  expect(readListRequest(rules, { sort: 'hosts', cursor }, 'rows').faults).toEqual([]);
  expect(readListRequest(rules, { sort: '-hosts', cursor }, 'rows').faults).toHaveLength(1);
  expect(readListRequest(rules, { sort: 'hosts', cursor }, 'other rows').faults).toHaveLength(1);
});
