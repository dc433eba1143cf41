import { hostname } from 'node:os';
import { join } from 'node:path';
import { eventually, pause } from '@muster/testing/eventually';
import { fakeTime, FAKETIME_LIBRARY, NO_FAKETIME } from '@muster/testing/fake-time';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import type { ChaosCase } from './chaos-case.ts';

export interface WrongClockOptions {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly speed: number;
}

/** What one world shows in which one of two workers has another clock. */
interface ClockRun {
  /** From the start of the scheduler until the ledger shows every host as joined. */
  readonly joinedInMs: number;
  readonly joined: number;
  /** Jobs that both workers ended, and how many of them the worker with the other clock did. */
  readonly jobs: number;
  readonly jobsOfOther: number;
  /** How often the targets were read, at least and at most. */
  readonly readings: readonly [number, number];
}

const MINUTE_MS = 60_000;
/** One ahead and one behind of what AWS tolerates, and one that is far beyond every lease. */
const OFFSETS_MS = [6 * MINUTE_MS, -6 * MINUTE_MS, 20 * MINUTE_MS];
/** The default of `poll_interval`. */
const POLL_MS = 5 * MINUTE_MS;
const JOINED_WITHIN_MS = 120_000;
/** Of the time that the same world takes without an offset. */
const LONGEST_RATIO = 1.25;
/** Of the jobs that ended. */
const SMALLEST_SHARE = 0.25;
const LOOK_EVERY_MS = 300;

/**
 * One of two workers has a wrong clock: work goes on at the usual rate, that worker does its share, one finding names it,
 * and no target is read more often than the poll interval says. The same world with a right clock is what each is compared
 * with; it runs for all of them together.
 */
export function wrongClocks(options: WrongClockOptions): readonly ChaosCase[] {
  const { accounts, regions, instances } = options;
  const baselines = new Map<number, Promise<ClockRun>>();
  const baselineOf = (seed: number): Promise<ClockRun> => {
    const baseline = baselines.get(seed) ?? runBaseline(options, seed);
    baselines.set(seed, baseline);
    return baseline;
  };
  return OFFSETS_MS.map((offsetMs) => {
    const off = `${Math.abs(offsetMs) / MINUTE_MS} min ${offsetMs > 0 ? 'ahead' : 'behind'}`;
    return {
      name: `clocks: one of two workers ${off}, ${accounts}x${regions}x${instances}`,
      cannotRun: FAKETIME_LIBRARY === null ? NO_FAKETIME : null,
      async run(seed) {
        const baseline = await baselineOf(seed);
        const run = await runWorld(options, seed, offsetMs);
        const ratio = run.joinedInMs / baseline.joinedInMs;
        const figures = `${describeRun(run)}; with a right clock ${describeRun(baseline)}; ratio ${ratio.toFixed(2)}`;
        if (ratio > LONGEST_RATIO) throw new Error(`slower than ${LONGEST_RATIO} times: ${figures}`);
        return figures;
      },
    };
  });
}

/** The faster of two runs: the first one also warms up the simulators in this process. */
async function runBaseline(options: WrongClockOptions, seed: number): Promise<ClockRun> {
  const first = await runWorld(options, seed, 0);
  const second = await runWorld(options, seed, 0);
  return first.joinedInMs < second.joinedInMs ? first : second;
}

function describeRun({ joinedInMs, joined, jobs, jobsOfOther, readings: [fewest, most] }: ClockRun): string {
  const share = Math.round((100 * jobsOfOther) / jobs);
  return `${joined} joined in ${(joinedInMs / 1_000).toFixed(1)} s, ${share} % of ${jobs} jobs its own, each target read ${fewest} to ${most} times`;
}

/** Runs the world to its end and one poll interval longer. @throws {Error} what does not hold, with the figures */
async function runWorld(
  { accounts, regions, instances, speed }: WrongClockOptions,
  seed: number,
  offsetMs: number,
): Promise<ClockRun> {
  const system = await startSystem({
    // Some of the time is that of the installs, so that a busy machine counts for less.
    world: { accounts, regions, instances, seed, latency: { installMs: [8_000, 120_000] } },
    speed,
    schedulers: 0,
    workers: 1,
    // A line for every job that ended.
    env: { LOG_LEVEL: 'debug' },
    config: { discovery_service: { poll_interval: `${POLL_MS / MINUTE_MS}m` } },
  });
  try {
    const { env } = fakeTime(join(system.folder, 'time'), offsetMs);
    const other = system.start('worker', { env });
    await eventually('both workers have started', () =>
      system.processes.every((one) => one.log().includes('worker started')),
    );
    const startedAtMs = performance.now();
    system.start('scheduler');
    const over = new AbortController();
    const [seen, joinedInMs] = await Promise.all([
      watchClockFindings(system, over.signal),
      joinAndRest(system, POLL_MS / speed).finally(() => over.abort()),
    ]);
    const polls = (performance.now() - startedAtMs) / (POLL_MS / speed);
    const run = { joinedInMs, joined: system.report().joined, ...countJobs(system, other) };
    const faults = faultsOf(system, run, polls);
    const named = offsetMs === 0 ? '' : `process:${hostname()}/${other.pid}`;
    if (seen.at(-1) !== named || seen.filter((scopes) => scopes !== '').length > 1) {
      faults.push(`findings of clocks were, one after the other, ${JSON.stringify(seen)}`);
    }
    if (faults.length === 0) return run;
    throw new Error(`clock off by ${offsetMs} ms: ${faults.join('; ')} (${describeRun(run)})`);
  } finally {
    await system.close();
  }
}

/** @param polls poll intervals since the start */
function faultsOf(system: MusterSystem, run: ClockRun, polls: number): string[] {
  const { readableInstances } = system.report();
  const [fewest, most] = run.readings;
  const faults: string[] = [];
  if (run.joined !== readableInstances) faults.push(`${run.joined} of ${readableInstances} joined`);
  if (run.jobsOfOther < SMALLEST_SHARE * run.jobs) faults.push('it did too few of the jobs');
  // The first reading, one for each interval that is over, and one that came in between.
  if (most > Math.floor(polls) + 2) {
    faults.push(`a target was read ${most} times in ${polls.toFixed(1)} intervals`);
  }
  // The first sweep takes up to one interval itself.
  if (fewest < Math.floor(polls) - 1) faults.push(`a target was read ${fewest} times only`);
  return faults;
}

/** Counts what the workers say of jobs that they ended. */
function countJobs(
  system: MusterSystem,
  other: SupervisedProcess,
): Pick<ClockRun, 'jobs' | 'jobsOfOther' | 'readings'> {
  const perTarget = new Map<string, number>();
  let jobs = 0;
  let jobsOfOther = 0;
  for (const worker of system.processes.filter(({ name }) => name.startsWith('worker'))) {
    const lines = worker
      .log()
      .split('\n')
      .filter((line) => line.includes('"msg":"job done"'));
    jobs += lines.length;
    if (worker === other) jobsOfOther = lines.length;
    for (const line of lines) {
      const { job, jobId } = JSON.parse(line) as { readonly job: string; readonly jobId: string };
      if (job !== 'scan-target') continue;
      // What follows the last dot tells jobs of one target apart.
      const target = jobId.slice(0, jobId.lastIndexOf('.'));
      perTarget.set(target, (perTarget.get(target) ?? 0) + 1);
    }
  }
  const counts = [...perTarget.values()];
  const fewest = perTarget.size === system.report().targets ? Math.min(...counts) : 0;
  return { jobs, jobsOfOther, readings: [fewest, Math.max(...counts)] };
}

/**
 * Waits until every host has joined, then for one interval more and for the referee's judgment. A sweep that began meanwhile
 * ends when its last target is read, up to an interval later, so the time is not taken from the judgment.
 *
 * @returns ms until all have joined
 */
async function joinAndRest(system: MusterSystem, intervalMs: number): Promise<number> {
  const startedAtMs = performance.now();
  await eventually(
    'the ledger shows every host as joined, and no command',
    async () => {
      const { instances, commands } = await system.status();
      return instances.byState['joined'] === system.report().readableInstances && commands.live === 0;
    },
    JOINED_WITHIN_MS,
  );
  const tookMs = performance.now() - startedAtMs;
  await pause(intervalMs);
  await system.judged();
  return tookMs;
}

/** What findings of clocks name until the signal ends it: places, or the empty text, each time that it changes. */
async function watchClockFindings(system: MusterSystem, signal: AbortSignal): Promise<readonly string[]> {
  const seen: string[] = [];
  while (!signal.aborted) {
    const { findings } = await system.status();
    const scopes = findings.filter(({ kind }) => kind === 'clock-off').map(({ scope }) => scope);
    if (seen.at(-1) !== scopes.join(' ')) seen.push(scopes.join(' '));
    await pause(LOOK_EVERY_MS);
  }
  return seen;
}
