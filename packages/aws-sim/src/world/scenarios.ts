import type { FaultRule } from '../faults/rules.ts';

/**
 * Kinds of hosts a generated world has; `joins` is the healthy one. `default-managed`: a healthy one without an instance profile,
 * which Systems Manager has only where Default Host Management Configuration is on.
 */
export type HostKind =
  | 'joins'
  | 'stopped'
  | 'untagged'
  | 'windows'
  | 'no-profile'
  | 'default-managed'
  | 'unregistered'
  | 'connection-lost'
  | 'old-agent'
  | 'no-bash'
  | 'no-sudo'
  | 'no-curl'
  | 'no-disk'
  | 'no-proxy'
  | 'script-failure'
  | 'join-failure'
  | 'hung'
  | 'lost';

/** Names of the generated mixes. */
export const SCENARIO_NAMES = ['clean', 'realistic', 'hostile', 'prerequisites'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

/** How a generated world is mixed. Shares are of accounts or of hosts, 0..1. */
export interface Scenario {
  /** Share of accounts that cannot be entered (role missing or not trusting). */
  readonly lockedAccounts: number;
  readonly suspendedAccounts: number;
  /** Share of accounts with one region denied by a service control policy. */
  readonly deniedRegionAccounts: number;
  /** Share of accounts that never opted in to the world's opt-in region. */
  readonly optedOutAccounts: number;
  /** Whether the last region of the world is one to opt in to. */
  readonly optInRegion: boolean;
  /** Share of accounts × regions in which Default Host Management Configuration is off. @default 1 */
  readonly hostManagementOff?: number;
  readonly hosts: Readonly<Partial<Record<HostKind, number>>>;
  readonly faults: readonly FaultRule[];
}

const REALISTIC_HOSTS: Readonly<Partial<Record<HostKind, number>>> = {
  stopped: 0.02,
  untagged: 0.015,
  windows: 0.01,
  'no-profile': 0.006,
  unregistered: 0.006,
  'connection-lost': 0.008,
  'old-agent': 0.005,
  'no-bash': 0.0025,
  'no-sudo': 0.0025,
  'no-curl': 0.0025,
  'no-disk': 0.0035,
  'no-proxy': 0.003,
  'script-failure': 0.006,
  'join-failure': 0.006,
  hung: 0.003,
  lost: 0.003,
};

/**
 * What goes wrong between the caller and AWS in a hostile world. Every rule leaves a good chance per call, so that
 * persistence wins, and no answer is stale or hidden for longer than a few simulated seconds.
 */
const HOSTILE_FAULTS: readonly FaultRule[] = [
  { kind: 'reset-after', apis: ['ssm:SendCommand'], probability: 0.2 },
  { kind: 'error-after', apis: ['ssm:SendCommand'], probability: 0.07 },
  { kind: 'timeout-after', apis: ['ssm:SendCommand'], probability: 0.03 },
  { kind: 'throttle', apis: ['ssm:*', 'ec2:*', 'organizations:*'], probability: 0.05, streak: 3 },
  { kind: 'throttle', apis: ['sts:*', 'account:*'], probability: 0.03, streak: 2 },
  { kind: 'error', apis: ['*'], probability: 0.02 },
  { kind: 'reset-before', apis: ['*'], probability: 0.01 },
  { kind: 'expired-credentials', apis: ['ec2:*', 'ssm:*', 'account:*'], probability: 0.004 },
  { kind: 'slow', apis: ['*'], probability: 0.03, delayMs: 2_000 },
  { kind: 'empty-page', apis: ['*'], probability: 0.05 },
  {
    kind: 'duplicate-page',
    apis: ['ec2:DescribeInstances', 'ssm:DescribeInstanceInformation'],
    probability: 0.03,
  },
  { kind: 'reorder-page', apis: ['*'], probability: 0.05 },
  {
    kind: 'stale',
    apis: ['ssm:ListCommandInvocations', 'ssm:GetCommandInvocation'],
    probability: 0.1,
    delayMs: 3_000,
  },
];

const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  clean: {
    lockedAccounts: 0,
    suspendedAccounts: 0,
    deniedRegionAccounts: 0,
    optedOutAccounts: 0,
    optInRegion: false,
    hosts: {},
    faults: [],
  },
  realistic: {
    lockedAccounts: 0.05,
    suspendedAccounts: 0.02,
    deniedRegionAccounts: 0.03,
    optedOutAccounts: 0.1,
    optInRegion: true,
    hosts: REALISTIC_HOSTS,
    faults: [],
  },
  hostile: {
    lockedAccounts: 0.1,
    suspendedAccounts: 0.03,
    deniedRegionAccounts: 0.1,
    optedOutAccounts: 0.2,
    optInRegion: true,
    hosts: { ...REALISTIC_HOSTS, hung: 0.01, lost: 0.01, 'connection-lost': 0.015 },
    faults: HOSTILE_FAULTS,
  },
  prerequisites: {
    lockedAccounts: 0,
    suspendedAccounts: 0,
    deniedRegionAccounts: 0,
    optedOutAccounts: 0,
    optInRegion: false,
    hostManagementOff: 1 / 3,
    hosts: { 'default-managed': 0.3, 'no-profile': 0.02, unregistered: 0.02 },
    faults: [],
  },
};

/** The mix behind a name. */
export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name];
}

/** A scenario's hosts as cumulative shares, for a lookup by one number in [0, 1). */
export function cumulativeMix(scenario: Scenario): { kind: HostKind; upTo: number }[] {
  let upTo = 0;
  return Object.entries(scenario.hosts).map(([kind, share]) => {
    upTo += share;
    return { kind: kind as HostKind, upTo };
  });
}
