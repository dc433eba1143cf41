import type { FindingRow } from '@muster/api/findings';
import type { Overview } from '@muster/api/overview';
import type { Sweep } from '@muster/api/sweeps';
import { expect, test } from 'vitest';
import { verdictOf } from './verdict.ts';

const SWEEP: Sweep = {
  id: '01JD8Q4T5W6X7Y8Z9A0B1C2D3F',
  state: 'finished',
  verdict: 'complete',
  startedAt: '2026-11-30T08:00:00.000Z',
  finishedAt: '2026-11-30T08:00:30.000Z',
  accounts: { total: 2, denied: 0, inactive: 0 },
  targets: {
    total: 4,
    complete: 4,
    partial: 0,
    denied: 0,
    regionOff: 0,
    throttled: 0,
    failed: 0,
    pending: 0,
  },
  notRead: { accounts: 0, targets: 0 },
};

function overview(
  byState: Record<string, number>,
  more: Partial<Pick<Overview, 'sweep' | 'lastSweep' | 'needs'>> = {},
): Pick<Overview, 'instances' | 'lastSweep' | 'sweep' | 'needs'> {
  return {
    sweep: SWEEP,
    lastSweep: SWEEP,
    needs: [],
    ...more,
    instances: { total: 0, byState, byCause: {} },
  };
}

test('all is well only where every host has joined and everything was read', () => {
  const unread = { ...SWEEP, notRead: { accounts: 1, targets: 0 } };

  expect(verdictOf(overview({ joined: 9, stopped: 2 })).tone).toBe('good');
  expect(verdictOf(overview({ joined: 9 }, { lastSweep: unread })).tone).toBe('warn');
  expect(verdictOf(overview({ joined: 9, failed: 1 })).tone).toBe('bad');
  expect(verdictOf(overview({ joined: 9, lost: 1 })).tone).toBe('bad');
  expect(verdictOf(overview({ joined: 9, ineligible: 1 })).tone).toBe('warn');
  expect(verdictOf(overview({ joined: 9, installing: 1 })).tone).toBe('busy');
  expect(verdictOf(overview({ joined: 9, 'awaiting-approval': 1 })).text).toMatch(/^1 host in a state that/);
});

test('a stop of everything comes before all, a stop in parts before what is unread', () => {
  const paused = (scope: string): FindingRow => ({
    id: `paused@${scope}`,
    kind: 'paused',
    scope,
    severity: 'page',
    owner: 'operator',
    since: null,
    message: '',
    remedy: '',
    stopsSending: true,
    act: 'resume',
    count: 1,
    hosts: null,
    accounts: null,
    trend: null,
    outputs: [],
    muted: null,
  });

  expect(verdictOf(overview({ failed: 1 }, { needs: [paused('all')] })).text).toBe(
    'All sends are stopped until you act.',
  );
  expect(verdictOf(overview({ joined: 1 }, { needs: [paused('account:111122223333')] }))).toEqual({
    tone: 'warn',
    text: 'Sends to parts of the fleet are stopped.',
  });
});

test('before the first sweep has ended nothing is well', () => {
  expect(verdictOf(overview({}, { sweep: null, lastSweep: null }))).toEqual({
    tone: 'busy',
    text: 'Nothing has been read yet.',
  });
  expect(verdictOf(overview({}, { lastSweep: null })).tone).toBe('busy');
});
