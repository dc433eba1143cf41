import { INSTANCES_PER_COMMAND } from '../../install/command.ts';
import type { Quota } from '../../install/pacing.ts';
import { type RampRule, stepsOfHealthyRamp } from '../../rollout/ramp/ramp.ts';

/** What AWS answers per call (limits.ts of the AWS adapter; a test holds them together). */
export const PAGE_SIZES = {
  'organizations:ListAccounts': 20,
  'ec2:DescribeInstances': 1_000,
  'ssm:DescribeInstanceInformation': 50,
  'ssm:SendCommand': INSTANCES_PER_COMMAND,
} as const;

/**
 * What cannot be known beforehand. Latency: a call within a continent. Install: from acceptance to the end of the
 * command on a usual host, pickup included (30 to 90 s). Organizations: our own pace, three quarters of AWS's.
 */
export const ASSUMPTIONS = {
  latencySeconds: 0.15,
  installSeconds: 75,
  listAccountsPerSecond: 6,
  listAccountsBurst: 9,
} as const;

export interface TargetLoad {
  readonly accountId: string;
  /** Instances listed, per role the target is read with. */
  readonly listed: readonly number[];
  /** Null when SSM's inventory is not asked. */
  readonly managed: number | null;
  /** Whether it has hosts that SSM's inventory lacks, so that Default Host Management Configuration is asked for. */
  readonly hasUnmanaged: boolean;
  /** Instances to install, per matcher. */
  readonly batches: readonly number[];
}

export interface LoadLimits {
  readonly installsInFlight: number;
  readonly installsInFlightPerAccount: number;
  readonly installsInFlightPerTarget: number;
  readonly ramp: RampRule;
  /** Reading jobs at once, over all workers. */
  readonly readers: number;
  /** What Muster takes of an account's bucket for SendCommand. */
  readonly sendPace: Quota;
  /** How long an install takes: `ASSUMPTIONS.installSeconds`, divided by the simulated speed. */
  readonly installSeconds: number;
  readonly pollFirstSeconds: number;
  readonly pollMaxSeconds: number;
}

export interface Estimate {
  /** By action, in IAM's spelling. Of SendCommand and what follows it a lower bound: while a ramp runs, a command has fewer hosts. */
  readonly calls: Readonly<Record<string, number>>;
  readonly total: number;
  /** A lower bound, rounded up to whole seconds. */
  readonly seconds: number;
}

export interface Load {
  readonly accounts: number;
  /** Sessions that are opened: one per account and role. */
  readonly sessions: number;
  readonly regionCalls: number;
  readonly targets: readonly TargetLoad[];
}

/** A sweep over an organization in which nothing changed: its price for every poll interval. */
export function estimateSweep(load: Load, limits: LoadLimits): Estimate {
  const listings = load.targets.map(({ listed }) =>
    listed.map((instances) => pagesOf('ec2:DescribeInstances', instances)),
  );
  const calls = {
    'organizations:ListAccounts': pagesOf('organizations:ListAccounts', load.accounts),
    'sts:AssumeRole': load.sessions,
    'ec2:DescribeInstances': sum(listings.flat()),
  };
  return estimateOf(calls, readingSeconds(calls, limits, Math.max(0, ...listings.map(sum))));
}

/** The first run: a sweep, everything that is asked once, and the installs until the last command has ended. */
export function estimateFirstRun(load: Load, limits: LoadLimits): Estimate {
  const sweep = estimateSweep(load, limits).calls;
  const asked = load.targets.filter(({ managed }) => managed !== null);
  const commands = sum(load.targets.map(commandsOf));
  const reading = {
    ...sweep,
    'account:ListRegions': load.regionCalls,
    'ssm:DescribeInstanceInformation': sum(
      asked.map(({ managed }) => pagesOf('ssm:DescribeInstanceInformation', managed ?? 0)),
    ),
    'ssm:GetServiceSetting': load.targets.filter(({ hasUnmanaged }) => hasUnmanaged).length,
  };
  const sendingTargets = load.targets.filter((target) => commandsOf(target) > 0).length;
  const calls = {
    ...reading,
    'ssm:SendCommand': commands,
    // Before the first send to a target its recent commands are listed once.
    'ssm:ListCommandInvocations': sendingTargets + commands * looksPerCommand(limits),
  };
  const longest = Math.max(
    0,
    ...asked.map(({ managed }) => pagesOf('ssm:DescribeInstanceInformation', managed ?? 0)),
  );
  return estimateOf(calls, readingSeconds(reading, limits, longest) + sendingSeconds(load, limits));
}

/** Instances of one matcher share commands; those of different matchers do not. */
function commandsOf(target: TargetLoad): number {
  return sum(target.batches.map((instances) => Math.ceil(instances / PAGE_SIZES['ssm:SendCommand'])));
}

/** A listing of nothing is one call too. */
function pagesOf(action: keyof typeof PAGE_SIZES, items: number): number {
  return Math.max(1, Math.ceil(items / PAGE_SIZES[action]));
}

/** How often a command is looked at until a usual install has ended: the pauses grow by half up to the longest. */
function looksPerCommand({ installSeconds, pollFirstSeconds, pollMaxSeconds }: LoadLimits): number {
  let looks = 0;
  let pause = pollFirstSeconds;
  for (let at = 0; at < installSeconds; looks += 1) {
    at += Math.max(0.1, pause);
    pause = Math.min(pause * 1.5, pollMaxSeconds);
  }
  return looks;
}

/** The longest of: the chain of account pages, all calls through all readers, the chain of the largest target. */
function readingSeconds(
  calls: Readonly<Record<string, number>>,
  limits: LoadLimits,
  longestChain: number,
): number {
  const pages = calls['organizations:ListAccounts'] ?? 0;
  const paced = (pages - ASSUMPTIONS.listAccountsBurst) / ASSUMPTIONS.listAccountsPerSecond;
  return Math.max(
    paced,
    pages * ASSUMPTIONS.latencySeconds,
    (sum(Object.values(calls)) * ASSUMPTIONS.latencySeconds) / Math.max(1, limits.readers),
    longestChain * ASSUMPTIONS.latencySeconds,
  );
}

/**
 * Installs go in waves, as wide as the narrowest cap allows; a wave lasts as long as an install. The first ones are the steps
 * of the ramp. Sends are paced per target.
 */
function sendingSeconds(load: Load, limits: LoadLimits): number {
  const byAccount = new Map<string, number>();
  let waves = 0;
  let pacedSeconds = 0;
  for (const target of load.targets) {
    const instances = sum(target.batches);
    byAccount.set(target.accountId, (byAccount.get(target.accountId) ?? 0) + instances);
    waves = Math.max(waves, Math.ceil(instances / limits.installsInFlightPerTarget));
    const { burst, perSecond } = limits.sendPace;
    pacedSeconds = Math.max(pacedSeconds, (commandsOf(target) - burst) / perSecond);
  }
  for (const instances of byAccount.values()) {
    waves = Math.max(waves, Math.ceil(instances / limits.installsInFlightPerAccount));
  }
  const hosts = sum([...byAccount.values()]);
  const steps = stepsOfHealthyRamp(limits.ramp, hosts, limits.installsInFlight);
  const left = Math.max(0, hosts - sum(steps));
  waves = Math.max(waves, steps.length + Math.ceil(left / limits.installsInFlight));
  return Math.max(waves * limits.installSeconds, pacedSeconds);
}

function estimateOf(calls: Readonly<Record<string, number>>, seconds: number): Estimate {
  const made = Object.fromEntries(Object.entries(calls).filter(([, count]) => count > 0));
  return { calls: made, total: sum(Object.values(made)), seconds: Math.ceil(seconds) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
