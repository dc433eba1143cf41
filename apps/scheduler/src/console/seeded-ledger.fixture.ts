import { adoptBatch } from '@muster/testing/in-flight';
import type { AwsAction, AwsCall } from '@muster/core/organization/aws-actions';
import type { Cause } from '@muster/core/enrollment/cause';
import type { Coverage, CoverageStatus } from '@muster/core/organization/coverage';
import type { EnrollmentRecord, EnrollmentState } from '@muster/core/enrollment/record';
import { AccountId, BatchId, CommandId, InstanceId, MatcherKey, Region } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { Ledger } from '@muster/core/control/ledger';

const REGIONS = ['eu-central-1', 'eu-west-1', 'us-east-1', 'us-west-2'].map((region) => Region.parse(region));
const SWEEP_ID = '01JD8Q4T5W6X7Y8Z9A0B1C2D3F';
const TEAMS = [
  'payments',
  'search',
  'billing',
  'identity',
  'media',
  'data',
  'edge',
  'mobile',
  'risk',
  'tools',
];
const BATCH = BatchId.parse('01JD8Q4T5W6X7Y8Z9A0B1C2D3E');
const COMMAND = CommandId.parse('0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9');
const MATCHER = MatcherKey.parse('0123456789abcdef');

/** Text as a hostile host might print it: must be shown, never run. */
export const HOSTILE_OUTPUT =
  '<img src=x onerror="document.title=\'taken\'"> </script><script>alert(1)</script> \u202egpj.exe\u200b';

/** How many instances of each kind the seeded organization has. */
const INSTANCES: readonly {
  readonly state: EnrollmentState;
  readonly cause?: Cause;
  readonly count: number;
}[] = [
  { state: 'joined', count: 331 },
  { state: 'queued', count: 9 },
  { state: 'installing', count: 11 },
  { state: 'installed', count: 6 },
  { state: 'stopped', count: 4 },
  { state: 'ineligible', cause: 'ec2-ssm-agent-not-registered', count: 7 },
  { state: 'ineligible', cause: 'ec2-no-instance-profile', count: 3 },
  { state: 'ineligible', cause: 'ec2-ssm-unsupported-os', count: 2 },
  { state: 'failed', cause: 'ec2-join-failure', count: 4 },
  { state: 'failed', cause: 'host-disk-full', count: 3 },
];

/** What the seeded organization must be shown as. */
export const SEEDED = {
  accounts: 20,
  accountsDenied: 1,
  accountsInactive: 2,
  targets: { total: 77, complete: 71, denied: 2, regionOff: 1, throttled: 1, failed: 1, pending: 1 },
  instances: INSTANCES.reduce((sum, { count }) => sum + count, 0),
  joined: 331,
  commandsSent: 84,
} as const;

/**
 * Fills an empty ledger with an organization in the middle of its first enrollment: 20 accounts in 4 regions, one of
 * which cannot be entered, and instances in most states.
 */
export async function seedOrganization(ledger: Ledger, nowMs: number): Promise<void> {
  const targets = await seedTargets(ledger, nowMs);
  await seedInstances(ledger, targets, nowMs);
  await ledger.statistics.addCommandsSent(SEEDED.commandsSent);
  await ledger.statistics.addCalls([
    ...calls('sts:AssumeRole', 20, 0),
    ...calls('organizations:ListAccountsForParent', 6, 0),
    ...calls('account:ListRegions', 20, 0),
    ...calls('ec2:DescribeInstances', 149, 4),
    ...calls('ssm:DescribeInstanceInformation', 96, 0),
    ...calls('ssm:SendCommand', 84, 3),
    ...calls('ssm:ListCommandInvocations', 301, 0),
  ]);
  await ledger.nodes.publish({
    generation: 'seeded',
    begunAtMs: nowMs - 20_000,
    nodes: 347,
    error: null,
    dropped: false,
  });
  await ledger.control.raise({
    kind: 'inventory-unavailable',
    scope: 'all',
    sinceMs: nowMs - 40_000,
    message: 'The node inventory could not be read: tctl ended with code 1.',
    remedy:
      'Run the command by hand: tctl get nodes --format=json. Nothing is sent while the last inventory is too old.',
  });
  await ledger.control.pause({
    scope: `account:${accountId(3)}`,
    atMs: nowMs - 600_000,
    by: 'operator',
    reason: 'change freeze of the identity team',
  });
}

function calls(
  action: AwsAction,
  count: number,
  throttled: number,
): readonly Pick<AwsCall, 'action' | 'outcome'>[] {
  return Array.from({ length: count }, (_, nth) => ({
    action,
    outcome: nth < throttled ? 'throttled' : 'ok',
  }));
}

/** The seeded account of that index, from 0. */
export function accountId(index: number): AccountId {
  return AccountId.parse(`1111222233${String(index).padStart(2, '0')}`);
}

async function seedTargets(ledger: Ledger, nowMs: number): Promise<readonly Target[]> {
  const { coverage } = ledger;
  await coverage.putAccounts(
    Array.from({ length: SEEDED.accounts }, (_, index) => ({
      accountId: accountId(index),
      name: `${TEAMS[index % TEAMS.length] ?? ''}-${index < TEAMS.length ? 'prod' : 'staging'}`,
      state: 'ACTIVE' as const,
      ancestorIds: ['r-ab12'],
    })),
  );
  const startedAtMs = await coverage.startSweep(SWEEP_ID);
  const denied = accountId(SEEDED.accounts - 1);
  const targets = Array.from({ length: SEEDED.accounts - 1 }, (_, index) => index).flatMap((index) =>
    REGIONS.map((region): Target => ({ accountId: accountId(index), region })),
  );
  for (let index = 0; index < SEEDED.accounts - 1; index += 1) {
    await coverage.putRegions(accountId(index), REGIONS, startedAtMs);
  }
  await coverage.denyAccount(denied, {
    ...coverageOf('denied', startedAtMs),
    cause: 'ec2-perm-account-denied',
    detail: `not authorized to perform: sts:AssumeRole on arn:aws:iam::${denied}:role/teleport-discovery`,
    failures: 3,
  });
  for (const [index, target] of targets.entries()) {
    const odd = ODD_TARGETS[index];
    // One is left as it is known, unread: the sweep still runs.
    if (odd === 'pending') continue;
    const read = odd ?? coverageOf('complete', startedAtMs);
    await coverage.put(target, { ...read, attemptedAtMs: startedAtMs });
  }
  await coverage.endAccountListing(SWEEP_ID, nowMs - 28_000, null, SEEDED.accountsInactive);
  return targets.slice(4);
}

/** By their place among the targets: the ones that were not simply read. */
const ODD_TARGETS: Readonly<Record<number, Coverage | 'pending'>> = {
  0: { ...coverageOf('regionOff', 0), cause: 'region-off', detail: 'the region is DISABLED for the account' },
  1: {
    ...coverageOf('denied', 0),
    cause: 'scp-denied-region',
    detail: 'ec2:DescribeInstances: explicit deny in a service control policy',
    failures: 2,
  },
  2: { ...coverageOf('throttled', 0), cause: 'aws-throttled', detail: 'ec2:DescribeInstances', failures: 1 },
  3: { ...coverageOf('failed', 0), cause: 'aws-unavailable', detail: 'HTTP 503', failures: 1 },
  75: 'pending',
};

function coverageOf(status: CoverageStatus, attemptedAtMs: number): Coverage {
  const complete = status === 'complete';
  return {
    status,
    attemptedAtMs,
    completeAtMs: complete ? attemptedAtMs : null,
    cause: null,
    detail: '',
    failures: complete ? 0 : 1,
  };
}

async function seedInstances(ledger: Ledger, targets: readonly Target[], nowMs: number): Promise<void> {
  let serial = 0;
  const byTarget = new Map<Target, EnrollmentRecord[]>(targets.map((target) => [target, []]));
  for (const { state, cause, count } of INSTANCES) {
    for (let nth = 0; nth < count; nth += 1) {
      const target = targets[serial % targets.length];
      if (target !== undefined) byTarget.get(target)?.push(recordOf(state, cause, serial, nowMs));
      serial += 1;
    }
  }
  for (const [target, records] of byTarget) {
    const changes = records.map((value) => ({ instanceId: value.instanceId, expected: 0, value }));
    await ledger.enrollments.write(target, 'each', changes, []);
  }
  for (const [index, target] of targets.slice(0, 3).entries()) {
    const batchId = BatchId.parse(`01JD8Q4T5W6X7Y8Z9A0B1C2D3${index}`);
    await adoptBatch(ledger, target, batchId, 4);
  }
}

function recordOf(
  state: EnrollmentState,
  cause: Cause | undefined,
  serial: number,
  nowMs: number,
): EnrollmentRecord {
  const attempted = cause === 'ec2-join-failure' || cause === 'host-disk-full';
  const base = {
    instanceId: InstanceId.parse(`i-0${serial.toString(16).padStart(16, '0')}`),
    matcherKey: MATCHER,
    firstSeenAtMs: nowMs - 30_000,
    changedAtMs: nowMs - 1_000 * (serial % 25),
    launchedAtMs: nowMs - 86_400_000,
    joinedAtMs: state === 'joined' ? nowMs - 5_000 : null,
    failures: attempted ? 1 : 0,
    attemptCount: attempted ? 1 : 0,
    attempts: attempted
      ? [
          {
            batchId: BATCH,
            commandId: COMMAND,
            endedAtMs: nowMs - 4_000,
            cause: cause ?? null,
            exitCode: cause === 'host-disk-full' ? 103 : 150,
            output: cause === 'host-disk-full' ? HOSTILE_OUTPUT : 'node did not join within 2m0s',
          },
        ]
      : [],
  };
  switch (state) {
    case 'queued':
      return { ...base, state, readyAtMs: nowMs };
    case 'sending':
      return { ...base, state, batchId: BATCH };
    case 'installing':
      return { ...base, state, batchId: BATCH, commandId: COMMAND };
    case 'installed':
      return { ...base, state, joinDeadlineMs: nowMs + 300_000 };
    case 'joined':
      return { ...base, state, nodeId: `node-${serial}` };
    case 'ineligible':
      return { ...base, state, cause: cause ?? 'ec2-too-young' };
    case 'lost':
      return {
        ...base,
        state,
        cause: cause ?? 'node-lost',
        repairAtMs: nowMs,
        joinedAtMs: nowMs - 3_600_000,
      };
    case 'failed':
      return { ...base, state, cause: cause ?? 'ec2-join-failure', nextAttemptAtMs: nowMs + 600_000 };
    case 'discovered':
    case 'stopped':
    case 'unmatched':
    case 'gone':
      return { ...base, state };
    default:
      return state satisfies never;
  }
}
