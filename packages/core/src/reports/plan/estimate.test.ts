import { describe, expect, test } from 'vitest';
import {
  DESCRIBE_INSTANCES_PAGE,
  MANAGED_NODES_PAGE,
  ORGANIZATIONS_PACE,
  ORGANIZATIONS_PAGE,
} from '../../aws/limits.ts';
import {
  ASSUMPTIONS,
  estimateFirstRun,
  estimateSweep,
  PAGE_SIZES,
  type Load,
  type LoadLimits,
  type TargetLoad,
} from './estimate.ts';

const LIMITS: LoadLimits = {
  installsInFlight: 1_000,
  installsInFlightPerAccount: 250,
  installsInFlightPerTarget: 100,
  ramp: { first: 5, factor: 2, success: 0.9, off: true },
  readers: 20,
  sendPace: { burst: 5, perSecond: 2.5 },
  installSeconds: 75,
  pollFirstSeconds: 5,
  pollMaxSeconds: 30,
};

function target(facts: Partial<TargetLoad> = {}): TargetLoad {
  return { accountId: '1', listed: [0], managed: null, hasUnmanaged: false, batches: [], ...facts };
}

function load(facts: Partial<Load> = {}): Load {
  return { accounts: 1, sessions: 1, regionCalls: 1, targets: [], ...facts };
}

test('the page sizes and the pace are those of the AWS adapter', () => {
  expect(PAGE_SIZES).toEqual({
    'organizations:ListAccounts': ORGANIZATIONS_PAGE,
    'ec2:DescribeInstances': DESCRIBE_INSTANCES_PAGE,
    'ssm:DescribeInstanceInformation': MANAGED_NODES_PAGE,
    'ssm:SendCommand': 50,
  });
  expect(ORGANIZATIONS_PACE.ListAccounts).toEqual({
    perSecond: ASSUMPTIONS.listAccountsPerSecond,
    burst: ASSUMPTIONS.listAccountsBurst,
  });
});

describe('calls', () => {
  test('a listing of nothing is one call, and each role lists anew', () => {
    const { calls } = estimateSweep(load({ targets: [target(), target({ listed: [1_001, 10] })] }), LIMITS);

    expect(calls['ec2:DescribeInstances']).toBe(1 + 2 + 1);
  });

  test('matchers do not share commands, and a command takes fifty', () => {
    const { calls } = estimateFirstRun(
      load({ targets: [target({ batches: [51, 1], managed: 52 })] }),
      LIMITS,
    );

    expect(calls['ssm:SendCommand']).toBe(3);
    expect(calls['ssm:DescribeInstanceInformation']).toBe(2);
  });

  test('a target with hosts that SSM does not have is asked once whether Default Host Management is on', () => {
    const targets = [target({ managed: 3, hasUnmanaged: true }), target({ managed: 3 })];

    expect(estimateFirstRun(load({ targets }), LIMITS).calls['ssm:GetServiceSetting']).toBe(1);
    expect(estimateSweep(load({ targets }), LIMITS).calls['ssm:GetServiceSetting']).toBeUndefined();
  });

  test('a command is looked at with growing pauses until it has ended, and a target is listed before its first', () => {
    const { calls } = estimateFirstRun(load({ targets: [target({ batches: [1], managed: 1 })] }), LIMITS);

    // 5 + 7.5 + 11.25 + 16.9 + 25.3 + 30 s
    expect(calls['ssm:ListCommandInvocations']).toBe(1 + 6);
  });

  test('where nothing is to be sent, nothing is sent or looked at, and the total adds up', () => {
    const { calls, total } = estimateFirstRun(load({ targets: [target()] }), LIMITS);

    expect(calls).toEqual({
      'organizations:ListAccounts': 1,
      'sts:AssumeRole': 1,
      'ec2:DescribeInstances': 1,
      'account:ListRegions': 1,
    });
    expect(total).toBe(4);
  });
});

describe('time', () => {
  const targets = (count: number, facts: Partial<TargetLoad> = {}): readonly TargetLoad[] =>
    Array.from({ length: count }, (_, n) => target({ accountId: String(n), ...facts }));
  const seconds = (facts: Partial<Load>, limits: Partial<LoadLimits> = {}): number =>
    estimateFirstRun(load(facts), { ...LIMITS, ...limits }).seconds;

  test('reading is all calls through all readers', () => {
    const sweep = estimateSweep(load({ targets: targets(17_000) }), { ...LIMITS, readers: 200 });

    // The worked example of 17,000 targets at 200 calls in flight: 12.8 s.
    expect(sweep.seconds).toBe(13);
  });

  test('the chain of account pages is paced', () => {
    expect(estimateSweep(load({ accounts: 10_000 }), LIMITS).seconds).toBe(Math.ceil((500 - 9) / 6));
  });

  test('the largest target is read page by page', () => {
    const sweep = estimateSweep(load({ targets: [target({ listed: [400_000] })] }), LIMITS);

    expect(sweep.seconds).toBe(Math.ceil(400 * 0.15));
  });

  test.each([
    ['a target', { targets: [target({ batches: [250], managed: 250 })] }, 3],
    ['an account', { targets: targets(6, { accountId: 'a', batches: [90], managed: 90 }) }, 3],
    ['the whole', { targets: targets(30, { batches: [100], managed: 100 }) }, 3],
  ])('installs go in waves, as wide as the cap of %s allows', (_what, facts, waves) => {
    const total = seconds(facts);

    expect(total).toBeGreaterThanOrEqual(waves * 75);
    expect(total).toBeLessThan((waves + 1) * 75);
  });

  test.each([
    ['all within the ramp: 5, 10, 20, 40', 60, 4],
    ['after steps of 5 to 640 hosts, the rest as wide as the cap', 3_275, 10],
  ])('a ramp comes before the waves: %s', (_what, hosts, waves) => {
    const ramp = { first: 5, factor: 2, success: 0.9, off: false };
    const many = { installsInFlightPerAccount: 1e6, installsInFlightPerTarget: 1e6, ramp };
    const pace = { sendPace: { burst: 1e6, perSecond: 1e6 } };

    const total = seconds({ targets: [target({ batches: [hosts], managed: hosts })] }, { ...many, ...pace });

    expect(total).toBeGreaterThanOrEqual(waves * 75);
    expect(total).toBeLessThan((waves + 1) * 75);
  });

  test('sends to one target are paced', () => {
    const wide = { installsInFlight: 1e6, installsInFlightPerAccount: 1e6, installsInFlightPerTarget: 1e6 };

    expect(seconds({ targets: [target({ batches: [50_000], managed: 0 })] }, wide)).toBeGreaterThanOrEqual(
      398,
    );
  });
});
