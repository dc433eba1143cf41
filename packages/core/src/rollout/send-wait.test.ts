import { expect, test } from 'vitest';
import { findingsOfWaits, readWaitReason, type SendWait } from './send-wait.ts';

const NOW_MS = 1_800_000_000_000;

function aWait(facts: Partial<SendWait> = {}): SendWait {
  return {
    reason: 'cap',
    subject: null,
    targets: 2,
    instances: 7,
    sinceMs: NOW_MS - 60_000,
    untilMs: null,
    ...facts,
  };
}

test.each([
  'held',
  'epoch',
  'inventory',
  'cap',
  'pacing',
  'answer-lost',
  'unproven',
  'organization',
  'other',
] as const)('a wait for %s that has lasted a minute is a finding with a remedy and an owner', (reason) => {
  const [finding] = findingsOfWaits([aWait({ reason })], [], NOW_MS);

  expect(finding).toMatchObject({ kind: 'sends-wait', scope: `reason:${reason}`, count: 7 });
  expect(finding?.message).toContain('7 instances wait in 2 targets: ');
  expect(finding?.remedy).not.toBe('');
  expect(finding?.owner).toBeDefined();
});

test('a short wait, a pause, and one that another finding tells of are no findings of their own', () => {
  expect(findingsOfWaits([aWait({ sinceMs: NOW_MS - 20_000 })], [], NOW_MS)).toEqual([]);
  expect(findingsOfWaits([aWait({ reason: 'paused' })], [], NOW_MS)).toEqual([]);
  expect(findingsOfWaits([aWait({ reason: 'inventory' })], [{ kind: 'inventory-drop' }], NOW_MS)).toEqual([]);
  expect(findingsOfWaits([aWait({ reason: 'held' })], [{ kind: 'hold-first-send' }], NOW_MS)).toEqual([]);
});

test('a reason of another release is kept, under a name of its own', () => {
  expect(readWaitReason('approval')).toBe('other');
  expect(readWaitReason('constructor')).toBe('other');
});
