import { assemblePlan } from '@muster/core/reports/plan/assemble';
import type { CleanUpReading } from '@muster/core/reports/plan/plan-part';
import { anAccountId, NOW_MS } from '@muster/testing/builders';
import { expect, test } from 'vitest';
import { formatPlan } from './format-plan.ts';

const ACCOUNT = anAccountId(0);
const READING: CleanUpReading = {
  enabled: false,
  nodes: 30,
  accounts: 7,
  held: 0,
  perHour: 100,
  maxShare: 0.1,
  byAccount: [{ accountId: ACCOUNT, nodes: 24 }],
  longestGone: [
    {
      accountId: ACCOUNT,
      region: 'eu-west-1',
      instanceId: 'i-00000000000000001',
      nodeId: 'a-node\u001B[2J',
      why: 'instance-gone',
      goneSince: '2026-11-22T08:00:00.000Z',
    },
  ],
};

/** The lines of a plan that are about clean-up, which stand before its table. */
function linesOf(cleanUp: CleanUpReading | null, ranBy: 'workers' | 'local' = 'workers'): readonly string[] {
  const nothing = { calls: {}, total: 0, seconds: 0 };
  const inventory = { state: 'none', nodes: 0, detail: '' } as const;
  const organization = { worker: '', matcherKeys: [], inventory, accounts: 0, error: null, cleanUp };
  const plan = assemblePlan(
    { organization, accounts: [], targets: [], unanswered: [] },
    {
      startedAtMs: NOW_MS,
      finishedAtMs: NOW_MS,
      ranBy,
      estimate: { sweep: nothing, firstRun: nothing },
      warnings: [],
    },
  );
  const text = formatPlan(plan);
  return text
    .slice(0, text.indexOf('Unit'))
    .split('\n')
    .filter((line) => line !== '')
    .slice(1);
}

test('a plan shows which nodes clean-up would remove, under which condition, and that each is proven first', () => {
  expect(linesOf(READING)).toEqual([
    'Clean-up   would remove 30 nodes of 7 accounts from Teleport, if muster.cleanup.enabled were true; at most 100 an hour',
    '           Proposed by what scans recorded: each is proven at EC2 and in Teleport before its removal.',
    `           ${ACCOUNT}: 24, and 6 more`,
    `             node/a-node\\u001b[2J  i-00000000000000001 in ${ACCOUNT}/eu-west-1, gone since 2026-11-22T08:00:00.000Z`,
    '             … and 29 more',
  ]);
});

test('a plan says what of a clean-up that is on waits for an approval, and when nothing is to be removed', () => {
  const lines = linesOf({ ...READING, enabled: true, held: 24 });

  expect(lines[0]).toBe('Clean-up   removes 30 nodes of 7 accounts from Teleport; at most 100 an hour');
  expect(lines[2]).toContain('24 of them wait for muster approve cleanup: more than 10 %');
  const none = { ...READING, nodes: 0, accounts: 0, byAccount: [], longestGone: [] };
  expect(linesOf({ ...none, enabled: true })).toEqual(['Clean-up   removes no node from Teleport']);
  expect(linesOf(none)).toEqual([]);
});

test('what clean-up would remove is said to be unknown where a worker could not tell, and only there', () => {
  expect(linesOf(null)).toEqual([expect.stringContaining('Clean-up   not known')]);
  expect(linesOf(null, 'local')).toEqual([]);
});
