import {
  aBatchId,
  aCoverage,
  anAccountId,
  anInstanceId,
  aRecord,
  aTarget,
  NOW_MS,
} from '@muster/testing/builders';
import { adoptBatch } from '@muster/testing/in-flight';
import { useLedgerBench } from '@muster/testing/ledger-bench';
import { expect, test } from 'vitest';
import type { EnrollmentState } from '../enrollment/record.ts';
import { isSettled, readOrganizationStatus } from './organization-status.ts';
import type { Ledger } from '../control/ledger.ts';

const ledgers = useLedgerBench();
const bench = {
  /** A ledger whose Redis says NOW_MS. */
  create: () => {
    const one = ledgers.create();
    one.time.hold(NOW_MS);
    return one;
  },
};

const target = aTarget();

async function hold(ledger: Ledger, states: readonly EnrollmentState[]): Promise<void> {
  const changes = states.map((state, n) => ({
    instanceId: anInstanceId(n),
    expected: 0,
    value: { ...aRecord(state), instanceId: anInstanceId(n) },
  }));
  await ledger.enrollments.write(target, 'each', changes, []);
}

/** One account with one target that was read completely. */
async function finishSweep({ coverage }: Ledger): Promise<void> {
  await coverage.startSweep('01JSWEEP');
  await coverage.putAccounts([{ accountId: anAccountId(), name: 'a', state: 'ACTIVE', ancestorIds: [] }]);
  await coverage.endAccountListing('01JSWEEP', NOW_MS, null, 0);
  await coverage.putRegions(anAccountId(), [target.region], NOW_MS);
  await coverage.put(target, aCoverage({ attemptedAtMs: NOW_MS + 1 }));
}

test('an empty ledger is a sweep that has not begun, with zeros and nulls', async () => {
  const { ledger } = bench.create();

  const status = await readOrganizationStatus(ledger, NOW_MS);

  expect(status).toMatchObject({
    sweep: {
      id: null,
      state: 'running',
      verdict: null,
      startedAt: null,
      finishedAt: null,
      targets: { total: 0 },
    },
    instances: { total: 0, byState: {}, byCause: {} },
    commands: { sent: 0, live: 0 },
    labels: { waiting: 0 },
    waits: [],
    aws: { calls: {}, throttled: {} },
    findings: [],
  });
  expect(isSettled(status, true)).toBe(false);
});

test('the sums hold: states make the total, causes make ineligible and failed', async () => {
  const { ledger } = bench.create();
  await finishSweep(ledger);
  await hold(ledger, ['joined', 'joined', 'failed', 'ineligible', 'ineligible', 'stopped']);

  const { sweep, instances } = await readOrganizationStatus(ledger, NOW_MS + 2);

  expect(instances).toEqual({
    total: 6,
    byState: { failed: 1, ineligible: 2, joined: 2, stopped: 1 },
    byCause: { 'ec2-ssm-agent-not-registered': 2, 'ec2-ssm-script-failure': 1 },
  });
  expect(sweep).toMatchObject({
    id: '01JSWEEP',
    state: 'finished',
    verdict: 'complete',
    startedAt: '2026-11-22T08:00:00.000Z',
    finishedAt: '2026-11-22T08:00:00.002Z',
  });
});

test('calls, commands and findings are told', async () => {
  const { ledger } = bench.create();
  await ledger.statistics.addCalls([{ action: 'ssm:SendCommand', outcome: 'throttled' }]);
  await ledger.statistics.addCommandsSent(3);
  await adoptBatch(ledger, target, aBatchId(), 2);
  await ledger.control.raise({
    kind: 'config-skew',
    scope: 'all',
    sinceMs: NOW_MS,
    message: 'm',
    remedy: 'r',
  });

  const mute = { by: 'ann', reason: 'known', atMs: NOW_MS, untilMs: NOW_MS + 60_000 };
  await ledger.mutes.mute('config-skew@all', mute);

  const { commands, aws, findings } = await readOrganizationStatus(ledger, NOW_MS);

  expect(commands).toEqual({ sent: 3, live: 1 });
  expect(aws).toEqual({ calls: { 'ssm:SendCommand': 1 }, throttled: { 'ssm:SendCommand': 1 } });
  expect(findings).toEqual([
    {
      kind: 'config-skew',
      scope: 'all',
      since: '2026-11-22T08:00:00.000Z',
      message: 'm',
      remedy: 'r',
      owner: 'operator',
      count: 1,
      severity: 'warn',
      muted: { by: 'ann', reason: 'known', until: '2026-11-22T08:01:00.000Z' },
    },
  ]);
});

test.each<[EnrollmentState, boolean]>([
  ['discovered', false],
  ['queued', false],
  ['sending', false],
  ['installing', false],
  ['joined', true],
  ['failed', true],
  ['ineligible', true],
  ['gone', true],
])('with one instance %s, nothing is on its way any more: %s', async (state, settled) => {
  const { ledger } = bench.create();
  await finishSweep(ledger);
  await hold(ledger, [state]);

  expect(isSettled(await readOrganizationStatus(ledger, NOW_MS + 2), true)).toBe(settled);
});

test('an installed instance is at its end only where no inventory can see it join', async () => {
  const { ledger } = bench.create();
  await finishSweep(ledger);
  await hold(ledger, ['installed']);
  const status = await readOrganizationStatus(ledger, NOW_MS + 2);

  expect(isSettled(status, true)).toBe(false);
  expect(isSettled(status, false)).toBe(true);
});

test('a live command keeps it from being settled', async () => {
  const { ledger } = bench.create();
  await finishSweep(ledger);
  await adoptBatch(ledger, target, aBatchId(), 1);

  expect(isSettled(await readOrganizationStatus(ledger, NOW_MS + 2), true)).toBe(false);
});

test('a sweep that is shown as finished has all that it found in the sums, also where it ends during the look', async () => {
  const { ledger } = bench.create();
  const { coverage } = ledger;
  const sweep: typeof coverage.sweep = async (nowMs) => {
    // The last scan of the sweep, as late as it can come.
    await hold(ledger, ['queued', 'queued']);
    await finishSweep(ledger);
    return coverage.sweep(nowMs);
  };

  const status = await readOrganizationStatus({ ...ledger, coverage: { ...coverage, sweep } }, NOW_MS);

  expect(status.sweep.state).toBe('finished');
  expect(status.instances.byState).toEqual({ queued: 2 });
});
