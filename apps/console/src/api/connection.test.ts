import { expect, test } from 'vitest';
import { hear, type Heard, UNHEARD } from './connection.ts';

const NOW_MS = 1_800_000_000_000;

function answer(stale: boolean | null, serverMs = NOW_MS): Heard {
  return { kind: 'answer', data: stale === null ? null : { asOfMs: NOW_MS - 900, stale }, serverMs };
}

test('the scheduler is live when it answers, and away when it does not', () => {
  const live = hear(UNHEARD, answer(false), NOW_MS);
  const away = hear(live, { kind: 'failure', detail: 'no answer' }, NOW_MS);

  expect(live).toMatchObject({ state: 'live', asOfMs: NOW_MS - 900, detail: null });
  expect(away).toMatchObject({ state: 'away', asOfMs: NOW_MS - 900, detail: 'no answer' });
  expect(hear(away, answer(false), NOW_MS)).toMatchObject({ state: 'live', detail: null });
});

test('an answer without an age does not end that the data is stale', () => {
  const stale = hear(UNHEARD, answer(true), NOW_MS);

  expect(stale.state).toBe('stale');
  expect(hear(stale, answer(null), NOW_MS).state).toBe('stale');
  expect(hear(stale, answer(false), NOW_MS).state).toBe('live');
});

test('the clock of the server counts, and a second of the header does not', () => {
  expect(hear(UNHEARD, answer(false, NOW_MS + 300_000), NOW_MS).aheadMs).toBe(300_000);
  expect(hear(UNHEARD, answer(false, NOW_MS - 999), NOW_MS).aheadMs).toBe(0);
});
