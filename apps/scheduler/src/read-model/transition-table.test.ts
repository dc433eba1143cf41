import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Change } from '@muster/core/enrollment/change-store';
import { createTransitionTable } from './transition-table.ts';

const HOST = 'i-0a';
const T0 = 1_700_000_000_000;

type Step = readonly [from: string | null, to: string | null, cause?: string];

function change(atMs: number, [from, to, cause]: Step, instanceId = HOST, nth = 0): Change {
  return {
    id: `${atMs}-${nth}`,
    v: 1,
    target: '111122223333.eu-west-1',
    instances: [[instanceId, from, to, cause ?? null]],
    touched: [],
    more: {},
  };
}

describe('the transitions of an instance', () => {
  let db: DatabaseSync;

  beforeEach(() => {
    db = new DatabaseSync(':memory:');
  });
  afterEach(() => {
    db.close();
  });

  test('are its own, oldest first, and whole when they begin with its first record', () => {
    const table = createTransitionTable(db);
    table.add(
      [
        change(T0, [null, 'queued']),
        change(T0, [null, 'joined'], 'i-0b', 1),
        change(T0 + 10, ['queued', 'sending']),
        change(T0 + 20, ['sending', 'failed', 'host-disk-full']),
      ],
      T0,
    );

    expect(table.of(HOST)).toEqual({
      transitions: [
        { atMs: T0, from: null, to: 'queued', cause: null },
        { atMs: T0 + 10, from: 'queued', to: 'sending', cause: null },
        { atMs: T0 + 20, from: 'sending', to: 'failed', cause: 'host-disk-full' },
      ],
      sinceMs: null,
    });
  });

  test('of one that changed before the stream was read say since when they are known', () => {
    const table = createTransitionTable(db);
    table.add([change(T0 + 20, ['joined', 'lost', 'node-lost'])], T0);

    expect(table.of(HOST)).toMatchObject({ transitions: [{ from: 'joined' }], sinceMs: T0 });
    expect(table.of('i-0c')).toEqual({ transitions: [], sinceMs: T0 });
  });

  test('reach further back as older pages of the stream are added, and a page read twice counts once', () => {
    const table = createTransitionTable(db);
    table.add([change(T0 + 20, ['queued', 'sending'])], T0 + 15);
    table.add([change(T0 + 10, [null, 'queued'])], T0 + 5);
    table.add([change(T0 + 10, [null, 'queued'])], T0 + 5);

    expect(table.of(HOST).transitions.map(({ to }) => to)).toEqual(['queued', 'sending']);
    expect(table.of('i-0c').sinceMs).toBe(T0 + 5);
  });

  test('are bounded: the oldest go first, and what is left says since when', () => {
    const table = createTransitionTable(db, 100);
    const steps = Array.from({ length: 300 }, (_, nth) => change(T0 + nth, ['failed', 'queued'], `i-${nth}`));
    table.add(steps, T0);

    expect(table.of('i-0').transitions).toEqual([]);
    table.add([], T0);

    expect(table.of('i-299').transitions).toHaveLength(1);
    expect(table.of('i-0').sinceMs).toBe(T0 + 200);
    expect(db.prepare('SELECT count(*) AS rows FROM transitions').get()).toEqual({ rows: 100 });
    expect(table.hasRoom()).toBe(false);
  });

  test('of one that changes without end are the newest hundred, and say where they begin', () => {
    const table = createTransitionTable(db);
    table.add([change(T0, [null, 'queued'])], T0);
    table.add(
      Array.from({ length: 200 }, (_, nth) => change(T0 + 1 + nth, ['failed', 'queued'])),
      T0,
    );

    const { transitions, sinceMs } = table.of(HOST);
    expect(transitions).toHaveLength(100);
    expect(sinceMs).toBe(T0 + 101);
  });

  test('of a stream with a gap begin anew', () => {
    const table = createTransitionTable(db);
    table.add([change(T0, [null, 'queued'])], T0);

    table.clear();
    table.add([change(T0 + 500, ['installed', 'joined'])], T0 + 400);

    expect(table.of(HOST)).toMatchObject({ transitions: [{ to: 'joined' }], sinceMs: T0 + 400 });
  });

  test('a record that was deleted and made again is shown as both', () => {
    const table = createTransitionTable(db);
    table.add([change(T0, ['gone', null]), change(T0 + 9, [null, 'discovered'])], T0);

    expect(table.of(HOST)).toMatchObject({
      transitions: [
        { from: 'gone', to: null },
        { from: null, to: 'discovered' },
      ],
      sinceMs: T0,
    });
  });
});
