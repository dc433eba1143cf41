import { aBatchId, anAccountId, aTarget } from '@muster/testing/builders';
import { describe, expect, test } from 'vitest';
import { DUE_KINDS, ORGANIZATION_MEMBER } from './due.ts';
import { targetId } from '../organization/target.ts';
import { catalog, type JobName } from './catalog.ts';
import { QUEUE_NAMES } from './define-job.ts';
import { collectMember, JOB_OF_DUE, payloadOfDue } from './due-jobs.ts';

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
} as const satisfies Record<(typeof DUE_KINDS)[number], string>;

describe('what is due becomes a job', () => {
  test.each(DUE_KINDS)('a member of %s is a payload that its job takes, with an id of its own', (kind) => {
    const contract = catalog[JOB_OF_DUE[kind]];

    const payload = contract.payload.parse(payloadOfDue(kind, MEMBERS[kind]));

    expect(contract.dedupeId(payload as never)).toMatch(new RegExp(`^${contract.name}(\\.|$)`));
  });

  test('a collect member names its target and batch', () => {
    expect(payloadOfDue('collect', MEMBERS.collect)).toEqual({ target: aTarget(), batchId: aBatchId(3) });
  });

  test.each([
    ['accounts', 'somebody'],
    ['inventory', ''],
    ['labels', ''],
    ['regions', '12'],
    ['scan', 'x'],
    ['install', '100000000000.*'],
    ['verify', ''],
    ['collect', TARGET],
    ['collect', `${TARGET}/x`],
  ] as const)('a member of %s that nobody of ours wrote (%s) is refused', (kind, member) => {
    expect(() => payloadOfDue(kind, member)).toThrow(/unknown member|invalid_format/);
  });
});

describe('the catalog', () => {
  const contracts = Object.entries(catalog);

  test('every kind of due work has a job of its own', () => {
    expect(new Set(Object.values(JOB_OF_DUE)).size).toBe(DUE_KINDS.length);
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
    'cancel-command': { target: aTarget(), batchId: aBatchId(), instanceId: null },
    'check-organization': { reportId: aBatchId() },
    'check-teleport': { reportId: aBatchId() },
    'check-account': { reportId: aBatchId(), accountId: anAccountId() },
    'plan-organization': { reportId: aBatchId() },
    'plan-account': { reportId: aBatchId(), accountId: anAccountId() },
    'plan-target': { reportId: aBatchId(), target: aTarget() },
  };

  test.each(contracts)(
    '%s refuses what it does not know: no script or token can ride along',
    (name, contract) => {
      const payload = PAYLOADS[name as JobName];

      expect(contract.payload.safeParse(payload).success).toBe(true);
      expect(contract.payload.safeParse({ ...payload, script: 'rm -rf /' }).success).toBe(false);
    },
  );

  test('jobs about different things have different ids', () => {
    const { 'scan-target': scan, 'collect-command': collect } = catalog;

    expect(scan.dedupeId({ target: aTarget(0) })).not.toBe(scan.dedupeId({ target: aTarget(1) }));
    expect(collect.dedupeId({ target: aTarget(), batchId: aBatchId(1) })).not.toBe(
      collect.dedupeId({ target: aTarget(), batchId: aBatchId(2) }),
    );
  });
});
