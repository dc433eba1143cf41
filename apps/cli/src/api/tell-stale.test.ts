import { expect, test } from 'vitest';
import { createStaleNotice } from './tell-stale.ts';

const OLD = { asOf: '2026-11-30T08:00:00.000Z', ageMs: 90_400, stale: true };

function noticeOf(...answers: readonly unknown[]): readonly string[] {
  const lines: string[] = [];
  const tell = createStaleNotice('https://muster.example.com', (line) => lines.push(line));
  for (const answer of answers) tell(answer);
  return lines;
}

test('an old answer is told once, with its age and the reason', () => {
  expect(noticeOf({ ...OLD, items: [] }, { ...OLD, items: [] })).toEqual([
    'https://muster.example.com answers with what it knew 1m30s ago, at 2026-11-30T08:00:00.000Z: Redis is away, or it reads the ledger anew (its /readyz says which)\n',
  ]);
});

test('nothing is told of a fresh answer, and of one that has no age', () => {
  expect(noticeOf({ ...OLD, stale: false }, { id: 'x' }, undefined)).toEqual([]);
});
