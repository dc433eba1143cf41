import { describe, expect, test } from 'vitest';
import { STATES } from '../../format/wording.ts';
import { type CheckedStory, checksOf } from './checks.ts';

const STORY: CheckedStory = {
  state: 'joined',
  cause: null,
  causeTitle: null,
  matcher: 'aws[0]',
  waitsFor: null,
  attemptCount: 1,
  missingNode: null,
  target: { status: 'complete', lastRead: null, lastComplete: null },
};

function tonesOf(story: Partial<CheckedStory>): readonly string[] {
  return checksOf({ ...STORY, ...story }).map(({ tone }) => tone);
}

describe('the checks of an instance', () => {
  test('all hold for one that has joined', () => {
    expect(tonesOf({})).toEqual(['good', 'good', 'good', 'good', 'good', 'good']);
  });

  test('stop where the instance stands, and nothing after it is told as good', () => {
    for (const { state } of STATES) {
      if (state === 'joined' || state === 'gone') continue;
      const tones = tonesOf({ state });
      const first = tones.findIndex((tone) => tone !== 'good');
      expect(first, state).toBeGreaterThan(0);
      expect(tones.slice(first + 1), state).not.toContain('good');
    }
  });

  test('say why one is not fit, and why one failed', () => {
    const cause = { cause: 'ec2-no-instance-profile', causeTitle: 'It has no instance profile' };
    expect(checksOf({ ...STORY, state: 'ineligible', ...cause })[3]).toEqual({
      name: 'Fit for an installation',
      tone: 'warn',
      found: 'It has no instance profile',
    });
    expect(checksOf({ ...STORY, state: 'failed', cause: 'newer-cause' })[4]).toMatchObject({
      tone: 'bad',
      found: 'newer-cause',
    });
  });

  test('tell a joined host whose node the inventory misses', () => {
    expect(tonesOf({ missingNode: { since: '2026-11-30T12:00:00.000Z', lastSeen: null } }).at(-1)).toBe(
      'warn',
    );
  });

  test('of a place that cannot be read begin with that', () => {
    expect(tonesOf({ target: { status: 'denied', lastRead: null, lastComplete: null } })[0]).toBe('bad');
    expect(tonesOf({ target: { status: null, lastRead: null, lastComplete: null } })[0]).toBe('off');
  });

  test('claim nothing about one that is gone, or in a state of a newer release', () => {
    expect(tonesOf({ state: 'gone' })).toHaveLength(1);
    expect(tonesOf({ state: 'awaiting-approval' })).toHaveLength(1);
  });
});
