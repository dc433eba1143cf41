import type { AuditRow } from '@muster/api/audit';
import { expect, test } from 'vitest';
import type { Principal } from '../access/principal.ts';
import { createAuditSelections } from './audit-selection.ts';

const ANN: Principal = { name: 'ann', kind: 'user', role: 'viewer', ip: '192.0.2.1' };
const BY_ACTOR = [{ field: 'by', descending: false }];

function rows(...actors: readonly string[]): readonly AuditRow[] {
  return actors.map((by, nth) => ({
    id: `1-${nth}`,
    at: '2026-11-30T12:00:00.000Z',
    by,
    kind: 'user',
    from: '192.0.2.1',
    act: 'pause',
    scope: 'all',
    accounts: null,
    hosts: null,
    basis: null,
    reason: '',
    result: 'done',
    detail: '',
    hash: '',
  }));
}

test('the same question on the same audit is sorted once, and anew when the audit is another', async () => {
  const selections = createAuditSelections({ points: 2, duration: 600 });
  const question = { filter: {}, sort: BY_ACTOR, asker: ANN };
  const audit = rows('eve', 'ann');
  const first = await selections.select(audit, question);

  for (let n = 0; n < 10; n += 1) expect(await selections.select(audit, question)).toEqual(first);
  expect(first.kind === 'rows' && first.rows.map(({ by }) => by)).toEqual(['ann', 'eve']);
  const later = await selections.select(rows('bob', 'eve', 'ann'), question);
  expect(later.kind === 'rows' && later.rows.map(({ by }) => by)).toEqual(['ann', 'bob', 'eve']);
});

test('a viewer who asks ever other questions waits, and no other does', async () => {
  const selections = createAuditSelections({ points: 3, duration: 600 });
  const audit = rows('eve', 'ann');
  const ask = (q: string, asker = ANN) => selections.select(audit, { filter: { q }, sort: BY_ACTOR, asker });
  for (const q of ['a', 'b', 'c']) expect((await ask(q)).kind).toBe('rows');

  const late = await ask('d');
  expect(late).toMatchObject({ kind: 'wait' });
  expect(late.kind === 'wait' && late.waitSeconds).toBeGreaterThan(0);
  expect((await ask('a')).kind).toBe('rows');
  expect((await ask('d', { ...ANN, name: 'bob' })).kind).toBe('rows');
});
