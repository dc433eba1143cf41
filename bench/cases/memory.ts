import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { medians } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { readUsage } from '../process-usage.ts';
import { type SimulatedWorld, startWorld } from '../simulated-world.ts';
import { settle, sweepOnce } from './steady.ts';

/** What V8 and glibc do on a machine with room. Named, so that the bounds of `muster worker` stay out. */
const UNBOUNDED = {
  NODE_OPTIONS: '--max-old-space-size=4144 --max-semi-space-size=16',
  MALLOC_ARENA_MAX: '16',
};

/** The same sweeps by a worker with the bounds that it begins with, and by one without, in turn. */
export const memory: Benchmark = {
  name: 'memory',
  about:
    'Sweeps of 1,000 accounts × 17 regions, 100,000 instances, all joined: 1 worker as it is started, beside 1 without bounds.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const accounts = quick ? 60 : 1_000;
  const size = { accounts, instances: accounts * 100 };
  const world = await startWorld({ ...size, regions: 17 });
  try {
    const bounded = await settled(world, size.instances, {});
    const unbounded = await settled(world, size.instances, UNBOUNDED);
    try {
      const [ours, theirs] = await takeTurns([bounded, unbounded], quick ? 6 : 5);
      const figures = { ...ours, ...peaks(bounded) };
      const baseline = { ...theirs, ...peaks(unbounded) };
      return {
        figures,
        baseline,
        ratios: {
          workerCpu: (ours?.['workerCpuMsPerTarget'] ?? 0) / (theirs?.['workerCpuMsPerTarget'] ?? 0),
        },
        must: [
          { of: 'workerPeakRssMb', atMost: 400 },
          { of: 'schedulerPeakRssMb', atMost: 400 },
          { of: 'workerCpu', atMost: 1.05 },
        ],
      };
    } finally {
      await bounded.close();
      await unbounded.close();
    }
  } finally {
    await world.close();
  }
}

async function settled(
  world: SimulatedWorld,
  instances: number,
  workerEnv: NodeJS.ProcessEnv,
): Promise<MusterRun> {
  const muster = await startMuster({ world, workers: 1, joined: await world.instances(), workerEnv });
  await settle(muster, instances);
  return muster;
}

async function takeTurns(
  runs: readonly MusterRun[],
  times: number,
): Promise<readonly Readonly<Record<string, number>>[]> {
  const sweeps: Record<string, number>[][] = runs.map(() => []);
  for (let n = 0; n < times; n += 1) {
    for (const [i, muster] of runs.entries()) sweeps[i]?.push(await sweepOnce(muster));
  }
  return sweeps.map((of) => {
    const { targets, workerCpuMsPerTarget, targetsPerSecond } = medians(of);
    return {
      targets: targets ?? 0,
      workerCpuMsPerTarget: workerCpuMsPerTarget ?? 0,
      targetsPerSecond: targetsPerSecond ?? 0,
    };
  });
}

function peaks(muster: MusterRun): Record<string, number> {
  const scheduler = muster.scheduler();
  return {
    workerPeakRssMb: muster.workerUsage().peakRssMb,
    workerRssMb: muster.workerUsage().rssMb,
    schedulerPeakRssMb: scheduler === null ? Number.NaN : readUsage(scheduler.pid).peakRssMb,
  };
}
