import { expect, test } from 'vitest';
import { actOfFinding } from './finding-act.ts';

const OF_HOSTS = { scope: 'cause:ec2-join-failure', hosts: 17, owner: 'teleport-admin' } as const;
const OF_ALL = { scope: 'all', hosts: null, owner: 'operator' } as const;

test('hosts that failed alike are retried by their cause', () => {
  expect(actOfFinding({ kind: 'cause:ec2-join-failure', ...OF_HOSTS })).toEqual({
    kind: 'retry',
    selection: { scope: 'cause:ec2-join-failure' },
    title: 'Retry 17 hosts',
  });
});

test('a pause is resumed, a wave approved, an inventory accepted', () => {
  expect(actOfFinding({ ...OF_ALL, kind: 'paused', scope: 'account:111122223333' })).toMatchObject({
    kind: 'resume',
    title: 'Resume account 111122223333',
  });
  expect(actOfFinding({ ...OF_ALL, kind: 'wave-unapproved', scope: 'wave:eu' })).toMatchObject({
    kind: 'approve',
    selection: { subject: 'wave:eu' },
  });
  expect(actOfFinding({ ...OF_ALL, kind: 'inventory-drop' })?.kind).toBe('accept-inventory');
});

test('what ends by itself, or elsewhere, has no button', () => {
  expect(actOfFinding({ kind: 'cause:ec2-too-young', ...OF_HOSTS, owner: 'muster' })).toBeNull();
  expect(actOfFinding({ ...OF_ALL, kind: 'redis-not-durable' })).toBeNull();
});
