/** What an organization needs, computed from what was measured: docs/capacity.md shows it. */
import type { BenchResult } from './results.ts';

/** How large, and how Muster is set. */
export interface Fleet {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly workers: number;
  readonly pollMinutes: number;
}

/** What one of each costs, from `bench/results`. */
export interface UnitCosts {
  /** A worker's CPU for reading a target again in which nothing has changed. */
  readonly restCpuMsPerTarget: number;
  /** The same when it is read for the first time. */
  readonly firstCpuMsPerTarget: number;
  readonly redisBytesPerTarget: number;
  readonly redisBytesPerInstance: number;
}

/** Of the organization that was measured and is nearest to most: 1,000 accounts. Throws where a result is missing. */
export function unitCosts(results: readonly BenchResult[]): UnitCosts {
  const figure = (benchmark: string, name: string): number => {
    const value = results.find((one) => one.name === benchmark)?.figures[name];
    if (value === undefined) throw new Error(`bench/results has no ${name} of ${benchmark}`);
    return value;
  };
  return {
    restCpuMsPerTarget: figure('steady', 'workerCpuMsPerTarget'),
    firstCpuMsPerTarget: figure('grow', 'workerCpuMsPerTarget@1000'),
    // While every target waits for its scan at once.
    redisBytesPerTarget: figure('ledger-size', 'bytesPerTarget@100000') + figure('fan-out', 'bytesPerJob'),
    // A snapshot of the inventory stands beside the one that takes its place.
    redisBytesPerInstance:
      figure('ledger-size', 'bytesPerInstance@100000') + 2 * figure('ledger-size', 'bytesPerNode@100000'),
  };
}

const MINUTES_A_DAY = 1_440;
const ACCOUNTS_A_PAGE = 20;
const INSTANCES_A_PAGE = 1_000;
const INSTANCES_A_COMMAND = 50;
/** An account is asked for its regions once a day. */
const REGIONS_A_DAY = 1;
/** A session lasts an hour; the next is fetched five minutes before. */
const SESSIONS_A_DAY = 26.2;
/** Above this, a worker has no room for what comes all at once. */
const BUSY_SHARE = 0.5;
/** One is stopped for an upgrade, and one dies. */
const FEWEST_WORKERS = 2;
/** Change stream (35) and audit (29) at their full length, charts of a year (25): docs/redis.md. */
const REDIS_FIXED_MB = 89;
const MB = 1_048_576;
const DAYS_A_MONTH = 30.4;
const SCHEDULERS = 2;
const TASK_CORES = 0.5;
const TASK_GB = 1;

/** Calls of a day in which nothing changes, by API. */
export function callsADay(fleet: Fleet): Readonly<Record<string, number>> {
  const polls = MINUTES_A_DAY / fleet.pollMinutes;
  const targets = fleet.accounts * fleet.regions;
  const pages = Math.max(1, Math.ceil(fleet.instances / targets / INSTANCES_A_PAGE));
  return {
    'ec2:DescribeInstances': targets * pages * polls,
    'organizations:ListAccounts': Math.ceil(fleet.accounts / ACCOUNTS_A_PAGE) * polls,
    'sts:AssumeRole': fleet.accounts * fleet.workers * SESSIONS_A_DAY,
    'account:ListRegions': fleet.accounts * REGIONS_A_DAY,
  };
}

/** Sends of a first installation: what lies in one target at once goes in commands of fifty. */
export function firstSends({ accounts, regions, instances }: Fleet): number {
  const targets = accounts * regions;
  const perTarget = instances / targets;
  return targets * Math.max(Math.min(perTarget, 1), Math.ceil(perTarget / INSTANCES_A_COMMAND));
}

/** A worker's CPU for reading everything for the first time, in seconds. */
export function firstSweepSeconds({ accounts, regions }: Fleet, costs: UnitCosts): number {
  return (accounts * regions * costs.firstCpuMsPerTarget) / 1_000;
}

/** Cores that all workers together use while nothing changes. */
export function restCores({ accounts, regions, pollMinutes }: Fleet, costs: UnitCosts): number {
  return (accounts * regions * costs.restCpuMsPerTarget) / (pollMinutes * 60_000);
}

/** Workers of one core each that the organization needs; two at least. */
export function workersFor(fleet: Fleet, costs: UnitCosts): number {
  return Math.max(FEWEST_WORKERS, Math.ceil(restCores(fleet, costs) / BUSY_SHARE));
}

/** Memory of Redis in MB, with its streams at their full length. */
export function redisMb({ accounts, regions, instances }: Fleet, costs: UnitCosts): number {
  const bytes = accounts * regions * costs.redisBytesPerTarget + instances * costs.redisBytesPerInstance;
  return REDIS_FIXED_MB + bytes / MB;
}

/** What schedulers and workers of half a core and 1 GB cost on Fargate in a month, in US dollars. */
export function fargateDollars(
  { workers }: Fleet,
  dollars: { readonly coreHour: number; readonly gbHour: number },
): number {
  const hour = TASK_CORES * dollars.coreHour + TASK_GB * dollars.gbHour;
  return (SCHEDULERS + workers) * hour * 24 * DAYS_A_MONTH;
}

/** What one more copy of CloudTrail's management events costs in a month, in US dollars. */
export function trailDollars(fleet: Fleet, dollarsPer100Thousand: number): number {
  const day = Object.values(callsADay(fleet)).reduce((sum, count) => sum + count, 0);
  return ((day * DAYS_A_MONTH) / 100_000) * dollarsPer100Thousand;
}
