import { expect, test } from 'vitest';
import type { Coverage } from './coverage.ts';
import { findingsOfUnread, type UnreadTarget } from './unread-findings.ts';

const AT_MS = 1_800_000_000_000;

function unread(place: string, facts: Partial<Coverage>): UnreadTarget {
  const coverage: Coverage = {
    status: 'denied',
    attemptedAtMs: AT_MS,
    completeAtMs: null,
    cause: 'ec2-perm-account-denied',
    detail: '',
    failures: 1,
    ...facts,
  };
  return { place, isAccount: !place.includes('.'), coverage };
}

function deniedAccount(nth: number): UnreadTarget {
  const id = String(100_000_000_000 + nth);
  return unread(id, {
    detail: `sts:AssumeRole in ${id}: AccessDenied: User: arn:aws:iam::1:user/a is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::${id}:role/member`,
  });
}

test('a thousand denied accounts are one finding, with their number, a few of them, the action, the owner and the remedy', () => {
  const accounts = Array.from({ length: 1_000 }, (_, nth) => deniedAccount(nth));

  const findings = findingsOfUnread(accounts);

  expect(findings).toEqual([
    expect.objectContaining({
      kind: 'accounts-not-read',
      scope: 'accounts:ec2-perm-account-denied:sts:AssumeRole',
      owner: 'aws-admin',
      count: 1_000,
    }),
  ]);
  expect(findings[0]?.message).toContain('1000 accounts not read');
  expect(findings[0]?.message).toContain('refused: sts:AssumeRole');
  expect(findings[0]?.message).toContain('100000000000, 100000000001, 100000000002 and 997 more');
  expect(findings[0]?.remedy).toContain('muster doctor --missing-roles');
});

test('one denied account is named as the scope', () => {
  expect(findingsOfUnread([deniedAccount(7)])[0]).toMatchObject({
    scope: 'account:100000000007',
    message: expect.stringMatching(/^1 account not read: /) as string,
  });
});

test('each cause and each missing action is a finding of its own, the largest first', () => {
  const findings = findingsOfUnread([
    unread('100000000001.eu-west-1', {
      status: 'partial',
      detail: 'ssm:DescribeInstanceInformation in 100000000001/eu-west-1: AccessDeniedException: no',
    }),
    unread('100000000002.eu-west-1', {
      status: 'partial',
      detail: 'ssm:DescribeInstanceInformation in x: no',
    }),
    unread('100000000003.eu-west-1', { detail: 'ec2:DescribeInstances in x: UnauthorizedOperation: no' }),
    unread('100000000003.ap-east-1', {
      cause: 'scp-denied-region',
      detail: 'ec2:DescribeInstances in x: no',
    }),
    unread('100000000004.eu-west-1', { status: 'failed', cause: 'aws-unavailable', detail: 'HTTP 503' }),
  ]);

  expect(findings.map(({ kind, scope, count, owner }) => [kind, scope, count, owner])).toEqual([
    ['targets-not-read', 'targets:ec2-perm-account-denied:ssm:DescribeInstanceInformation', 2, 'aws-admin'],
    ['targets-not-read', 'target:100000000003.eu-west-1', 1, 'aws-admin'],
    ['targets-not-read', 'target:100000000003.ap-east-1', 1, 'aws-admin'],
    ['targets-not-read', 'target:100000000004.eu-west-1', 1, 'muster'],
  ]);
  expect(findings[0]?.remedy).toContain('Allow ssm:DescribeInstanceInformation to the member role');
  expect(findings[2]?.remedy).toContain('exempt the member role from the policy');
});
