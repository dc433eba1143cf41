import { expect, test } from 'vitest';
import { findingsOfUnanswered, type UnansweredCalls } from './unanswered-store.ts';

const NOW_MS = 1_800_000_000_000;

function silent(accountId: string | null, facts: Partial<UnansweredCalls> = {}): UnansweredCalls {
  const times = { sinceMs: NOW_MS - 30_000, lastMs: NOW_MS - 1_000 };
  return { service: 'ec2', accountId, region: 'eu-west-1', ...times, ...facts };
}

test('a region that answers no account is one finding, with how many and some of them', () => {
  const calls = ['4', '1', '3', '2'].map((digit) => silent(`10000000000${digit}`));

  const findings = findingsOfUnanswered(calls, NOW_MS);

  expect(findings).toEqual([
    expect.objectContaining({
      kind: 'aws-unanswered',
      scope: 'aws:ec2:eu-west-1',
      count: 4,
      owner: 'operator',
    }),
  ]);
  expect(findings[0]?.message).toContain(
    'AWS does not answer (ec2 in eu-west-1) to calls of 4 accounts: 100000000001, 100000000002, 100000000003 and 1 more',
  );
  expect(findings[0]?.remedy).toContain('ec2.eu-west-1.amazonaws.com on port 443');
});

test('a short silence, and one whose last call was long ago, are no findings', () => {
  expect(findingsOfUnanswered([silent('1', { sinceMs: NOW_MS - 5_000 })], NOW_MS)).toEqual([]);
  const old = { sinceMs: NOW_MS - 3_600_000, lastMs: NOW_MS - 1_200_000 };
  expect(findingsOfUnanswered([silent('1', old)], NOW_MS)).toEqual([]);
});

test('what the workers ask as themselves has no account', () => {
  const [finding] = findingsOfUnanswered([silent(null, { service: 'organizations', region: null })], NOW_MS);

  expect(finding).toMatchObject({ scope: 'aws:organizations', count: 1 });
  expect(finding?.message).toContain('AWS does not answer (organizations). ');
});
