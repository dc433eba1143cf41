import type { AccountId } from '@muster/core/organization/ids';
import type { FreezeWindow } from '@muster/core/rollout/freeze/freeze';
import { expect, test } from 'vitest';
import { freezesOf } from './plan.ts';

const FROM_MS = Date.parse('2026-12-20T00:00Z');
const WINDOW: FreezeWindow = {
  name: 'year-end',
  units: null,
  accounts: null,
  regions: null,
  holds: ['sends'],
  times: { kind: 'dated', fromMs: FROM_MS, toMs: Date.parse('2027-01-04T06:00Z') },
};

test('a plan names the freeze windows that hold sends just now, and where', () => {
  const account = { ...WINDOW, name: 'launch-day', accounts: ['111122223333' as AccountId] };
  const repairs: FreezeWindow = { ...WINDOW, name: 'repairs', holds: ['repairs'] };
  const freeze = [WINDOW, account, repairs];

  expect(freezesOf({ freeze }, FROM_MS).map(({ message }) => message)).toEqual([
    'In the freeze window year-end until 2027-01-04T06:00:00.000Z.',
    'In the freeze window launch-day until 2027-01-04T06:00:00.000Z for 111122223333.',
  ]);
  expect(freezesOf({ freeze }, FROM_MS - 1)).toEqual([]);
});
