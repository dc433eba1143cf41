import { type Benchmark, type BenchOptions, type Measured } from '../benchmark.ts';
import { startMuster } from '../muster-run.ts';
import { startWorld } from '../simulated-world.ts';
import { firstSweep } from './scan.ts';

const LATENCY_MS = 150;
/** Scans at once in one worker: low enough that waiting, not CPU, is what limits it. */
const CONCURRENCY = 10;

/** How far adding workers adds capacity while AWS's answers are what everybody waits for. */
export const latency: Benchmark = {
  name: 'latency',
  about: `${LATENCY_MS} ms per AWS call, 2,000 targets, ${CONCURRENCY} scans at once per worker: 1, 2 and 4 workers.`,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const targets = quick ? 500 : 2_000;
  const world = await startWorld({
    accounts: targets / 10,
    regions: 10,
    instances: targets * 3,
    more: {
      latency: { apiMs: [LATENCY_MS, LATENCY_MS] },
      // The account list is a chain of paced calls: it would be what is measured.
      limits: { 'organizations:*': null },
    },
  });
  try {
    const figures: Record<string, number> = {};
    for (const workers of [1, 2, 4]) {
      const config = { muster: { worker: { discovery_concurrency: CONCURRENCY } } };
      const muster = await startMuster({ world, workers, config });
      try {
        const { targetsPerSecond = 0, workerCpuMsPerTarget = 0 } = await firstSweep(muster);
        figures[`targetsPerSecond@${workers}`] = targetsPerSecond;
        // Of one worker's core.
        figures[`cpuShare@${workers}`] = (targetsPerSecond * workerCpuMsPerTarget) / 1_000 / workers;
      } finally {
        await muster.close();
      }
    }
    const speed = (workers: number): number => figures[`targetsPerSecond@${workers}`] ?? Number.NaN;
    return {
      figures,
      baseline: {},
      ratios: { linear2: speed(2) / speed(1) / 2, linear4: speed(4) / speed(1) / 4 },
      must: [
        { of: 'linear2', atLeast: 0.9 },
        { of: 'linear4', atLeast: 0.9 },
      ],
      notes: [
        'Asked for only while the machine has CPU to spare; simulator, Redis and workers share its cores.',
      ],
    };
  } finally {
    await world.close();
  }
}
