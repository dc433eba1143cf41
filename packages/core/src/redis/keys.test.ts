import { expect, test } from 'vitest';
import { Target } from '../organization/target.ts';
import { bullPrefix } from '../jobs/queue/enqueue.ts';
import { createKeys } from './keys.ts';

const TARGET = Target.parse({ accountId: '111122223333', region: 'eu-west-1' });

test('every key begins with the prefix as hash tag, and is no other key', () => {
  const {
    target,
    bucket,
    due,
    coverageStatus,
    epochSeen,
    brake,
    ramp,
    rampHosts,
    rampWaiting,
    nodes,
    nodeDigests,
    report,
    session,
    sessionSeen,
    signInLink,
    action,
    actionParts,
    actionKey,
    auditOnce,
    notifyBatch,
    oidcFlow,
    signInTries,
    ...plain
  } = createKeys('p');

  const all = [
    ...Object.values(plain),
    ...Object.values(target(TARGET)),
    ...Object.values(report('01J')),
    bucket(TARGET, 'ssm:SendCommand'),
    due('scan'),
    due('install'),
    coverageStatus('complete'),
    epochSeen('x'),
    brake('all'),
    ramp('x'),
    rampHosts('x'),
    rampWaiting('x'),
    nodes(TARGET.accountId, '1'),
    nodeDigests('1'),
    session('x'),
    sessionSeen('x'),
    signInLink('x'),
    action('x'),
    actionParts('x'),
    actionKey('x'),
    auditOnce('x'),
    notifyBatch('x'),
    oidcFlow('x'),
    signInTries('x'),
    bullPrefix('p'),
  ];

  expect(all.filter((key) => !key.startsWith('{p}:'))).toEqual([]);
  expect(new Set(all).size).toBe(all.length);
});
