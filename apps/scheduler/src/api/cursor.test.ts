import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openCursor, sealCursor } from './cursor.ts';

const position = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null)), {
  minLength: 1,
  maxLength: 4,
});

test('a cursor leads back to its position, in the list it belongs to', () => {
  fc.assert(
    fc.property(position, fc.string(), (where, list) => {
      expect(openCursor(sealCursor(where, list), list)).toEqual({ ok: true, position: where });
    }),
  );
});

test('a cursor of another list is told from one that is none', () => {
  const cursor = sealCursor(['failed', 'i-1'], 'instances state=failed');

  expect(openCursor(cursor, 'instances state=lost')).toEqual({ ok: false, fault: 'foreign' });
  expect(openCursor('AAAA', 'instances state=lost')).toEqual({ ok: false, fault: 'unreadable' });
  expect(openCursor('', 'instances')).toEqual({ ok: false, fault: 'unreadable' });
});

test('whatever letter of a cursor is changed, added or lost, it is refused', () => {
  fc.assert(
    fc.property(position, fc.nat(), fc.constantFrom('A', 'z', '_', '=', '~', ''), (where, at, letter) => {
      const cursor = sealCursor(where, 'list');
      const place = at % cursor.length;
      const other = cursor.slice(0, place) + letter + cursor.slice(place + 1);
      fc.pre(other !== cursor);

      expect(openCursor(other, 'list').ok).toBe(false);
      expect(openCursor(cursor + cursor, 'list').ok).toBe(false);
    }),
  );
});
