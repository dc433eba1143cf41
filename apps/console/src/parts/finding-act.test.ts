import { expect, test } from 'vitest';
import { actOfFinding } from './finding-act.ts';

test('hosts that failed alike are retried by their cause', () => {
  expect(actOfFinding({ act: 'retry', scope: 'cause:ec2-join-failure', hosts: 17 })).toEqual({
    kind: 'retry',
    selection: { scope: 'cause:ec2-join-failure' },
    title: 'Retry 17 hosts',
  });
});

test('a pause is resumed, a wave approved by its subject, an inventory accepted', () => {
  expect(actOfFinding({ act: 'resume', scope: 'account:111122223333', hosts: null })).toMatchObject({
    kind: 'resume',
    title: 'Resume account 111122223333',
  });
  expect(actOfFinding({ act: 'approve', scope: 'wave:eu', hosts: null })).toMatchObject({
    kind: 'approve',
    selection: { subject: 'wave:eu' },
  });
  expect(actOfFinding({ act: 'accept-inventory', scope: 'all', hosts: null })?.kind).toBe('accept-inventory');
});

test('what ends by itself, or elsewhere, has no button', () => {
  expect(actOfFinding({ act: null, scope: 'all', hosts: null })).toBeNull();
});
