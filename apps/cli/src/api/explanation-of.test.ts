import { InstanceStory } from '@muster/api/instances';
import { expect, test } from 'vitest';
import { explanationOf } from './explanation-of.ts';

/** As a scheduler of the previous release answers `GET /instances/{id}` (test/e2e/previous-release.json). */
const PREVIOUS = {
  instanceId: 'i-0123456789abcdef0',
  name: 'web-1',
  accountId: '111122223333',
  accountName: 'shop',
  region: 'eu-west-1',
  state: 'failed',
  since: '2026-11-30T08:00:00.000Z',
  cause: 'host-disk-full',
  causeTitle: 'The disk is full',
  owner: 'host-owner',
  remedy: 'Make room.',
  nextAttemptAt: '2026-11-30T09:00:00.000Z',
  waitsFor: null,
  pausedBy: null,
  matcher: 'all',
  wave: null,
  platform: 'Linux/UNIX',
  tags: { Name: 'web-1' },
  firstSeenAt: '2026-11-29T08:00:00.000Z',
  launchedAt: '2026-11-29T07:59:00.000Z',
  joinedAt: null,
  hostManagement: null,
  missingNode: null,
  target: {
    status: 'complete',
    lastRead: '2026-11-30T08:01:00.000Z',
    lastComplete: '2026-11-30T08:01:00.000Z',
  },
  attempts: [
    {
      endedAt: '2026-11-30T08:00:00.000Z',
      commandId: '11111111-2222-3333-4444-555555555555',
      link: 'https://eu-west-1.console.aws.amazon.com/systems-manager/',
      cause: 'host-disk-full',
      exitCode: 107,
      output: 'no space left on device',
    },
  ],
  attemptCount: 1,
  outputAlike: null,
  timeline: [{ at: '2026-11-30T08:00:00.000Z', from: 'installing', to: 'failed', cause: 'host-disk-full' }],
  timelineSince: null,
  links: { ec2: 'https://eu-west-1.console.aws.amazon.com/ec2/', command: null, teleport: null },
};

test('the story that a scheduler of the previous release tells is read: what it does not tell is null', () => {
  const { sweepId, attempts, state } = explanationOf(InstanceStory.parse(PREVIOUS));

  expect({ sweepId, state }).toEqual({ sweepId: null, state: 'failed' });
  expect(attempts).toMatchObject([{ batchId: null, exitCode: 107 }]);
});
