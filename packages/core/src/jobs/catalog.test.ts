import { aBatchId, anAccountId, aTarget } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { dedupeIdOf, QUEUE_NAMES } from './define-job.ts';
import {
  catalog,
  collectMember,
  DUE_KINDS,
  type JobName,
  jobOfDue,
  notifyMember,
  ORGANIZATION_MEMBER,
} from './catalog.ts';
import { targetId } from '../organization/target.ts';

const TARGET = targetId(aTarget());
const MEMBERS = {
  accounts: ORGANIZATION_MEMBER,
  regions: anAccountId(),
  scan: TARGET,
  install: TARGET,
  collect: collectMember(aTarget(), aBatchId(3)),
  verify: TARGET,
  inventory: ORGANIZATION_MEMBER,
  labels: ORGANIZATION_MEMBER,
  cleanup: ORGANIZATION_MEMBER,
  actions: aBatchId(4),
  notify: notifyMember('ops', '0a1b'),
} as const satisfies Record<(typeof DUE_KINDS)[number], string>;

describe('what is due becomes a job', () => {
  test.each(DUE_KINDS)('a member of %s is a payload that its job takes, with an id of its own', (kind) => {
    const contract = jobOfDue(kind);

    const payload = contract.payload.parse(contract.due.payloadOf(MEMBERS[kind]));

    expect(contract.due.kind).toBe(kind);
    expect(contract.due.memberOf(payload)).toBe(MEMBERS[kind]);
    expect(dedupeIdOf(contract, payload)).toMatch(new RegExp(`^${contract.name}(\\.|$)`));
  });

  test('a collect member names its target and batch', () => {
    expect(jobOfDue('collect').due.payloadOf(MEMBERS.collect)).toEqual({
      target: aTarget(),
      batchId: aBatchId(3),
    });
  });

  test.each([
    ['accounts', 'unknown'],
    ['inventory', ''],
    ['labels', ''],
    ['cleanup', ''],
    ['regions', '12'],
    ['scan', 'x'],
    ['install', '100000000000.*'],
    ['verify', ''],
    ['collect', TARGET],
    ['collect', `${TARGET}/x`],
    ['actions', 'x'],
    ['notify', 'ops'],
    ['notify', 'ops/0a/1b'],
    ['notify', 'OPS/0a'],
  ] as const)('a member of %s that Muster never writes (%s) is refused', (kind, member) => {
    expect(() => jobOfDue(kind).due.payloadOf(member)).toThrow(/invalid_format|invalid_value|invalid_type/);
  });
});

describe('the catalog', () => {
  const contracts = Object.entries(catalog);

  test('every kind of due work has one job', () => {
    expect(contracts.flatMap(([, { due }]) => due?.kind ?? []).toSorted()).toEqual(DUE_KINDS.toSorted());
  });

  test.each(contracts)(
    '%s is listed under its own name, on a queue that exists, with a version and a time limit',
    (name, contract) => {
      expect(contract.name).toBe(name);
      expect(contract.name).toMatch(/^[a-z]+-[a-z]+$/);
      expect(QUEUE_NAMES).toContain(contract.queue);
      expect(contract.version).toBeGreaterThanOrEqual(1);
      expect(contract.timeoutMs).toBeGreaterThan(0);
    },
  );

  /** A payload of each job. */
  const PAYLOADS: Readonly<Record<JobName, object>> = {
    'list-accounts': {},
    'list-regions': { accountId: anAccountId() },
    'scan-target': { target: aTarget() },
    'install-batch': { target: aTarget() },
    'collect-command': { target: aTarget(), batchId: aBatchId() },
    'verify-joined': { target: aTarget() },
    'read-inventory': {},
    'write-labels': {},
    'clean-nodes': {},
    'run-action': { actionId: aBatchId() },
    'cancel-command': { target: aTarget(), batchId: aBatchId(), instanceId: null },
    'check-organization': { reportId: aBatchId() },
    'check-teleport': { reportId: aBatchId() },
    'check-account': { reportId: aBatchId(), accountId: anAccountId() },
    'plan-organization': { reportId: aBatchId() },
    'plan-account': { reportId: aBatchId(), accountId: anAccountId() },
    'send-notification': { channel: 'ops', messageId: '0a1b' },
    'plan-target': { reportId: aBatchId(), target: aTarget() },
  };

  test.each(contracts)(
    '%s leaves out what it does not know: a newer release’s field fails nothing, and no script or token rides along',
    (name, contract) => {
      const payload = PAYLOADS[name as JobName];

      expect(contract.payload.parse(payload)).toEqual(payload);
      expect(contract.payload.parse({ ...payload, script: 'rm -rf /' })).toEqual(payload);
    },
  );

  test('jobs about different things have different ids', () => {
    const { 'scan-target': scan, 'collect-command': collect } = catalog;

    expect(dedupeIdOf(scan, { target: aTarget(0) })).not.toBe(dedupeIdOf(scan, { target: aTarget(1) }));
    expect(dedupeIdOf(collect, { target: aTarget(), batchId: aBatchId(1) })).not.toBe(
      dedupeIdOf(collect, { target: aTarget(), batchId: aBatchId(2) }),
    );
  });
});
