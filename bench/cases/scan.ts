import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { bestConcurrency, runBareLoop } from '../run-bare-loop.ts';
import { type SimulatedWorld, startWorld } from '../simulated-world.ts';

const WORKERS = 2;

/** The first sweep of an organization, to all candidates known, beside a bare loop that makes the same calls. */
export const scan: Benchmark = {
  name: 'scan',
  about: 'First sweep, to all candidates known: 1,000 accounts × 17 regions, 100,000 instances; 2 workers.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const size = quick ? { accounts: 100, instances: 10_000 } : { accounts: 1_000, instances: 100_000 };
  const world = await startWorld({ ...size, regions: 17 });
  try {
    const concurrency = await bestConcurrency(world, false);
    const ours: Record<string, number>[] = [];
    const bare: Record<string, number>[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n += 1) {
      ours.push(await sweepOnce(world));
      const loop = await runBareLoop(world, { concurrency, joined: false });
      bare.push({
        targets: loop.targets,
        cpuMsPerTarget: loop.cpuMs / loop.targets,
        targetsPerSecond: (loop.targets / loop.wallMs) * 1_000,
        peakRssMb: loop.peakRssMb,
        concurrency,
      });
    }
    const figures = medians(ours);
    const baseline = medians(bare);
    return {
      figures,
      baseline,
      ratios: {
        workerCpu: (figures['workerCpuMsPerTarget'] ?? 0) / (baseline['cpuMsPerTarget'] ?? 0),
      },
      must: [
        { of: 'workerCpu', atMost: 0.8 },
        { of: 'targetsPerSecond', atLeast: 200 },
      ],
    };
  } finally {
    await world.close();
  }
}

async function sweepOnce(world: SimulatedWorld): Promise<Record<string, number>> {
  const muster = await startMuster({ world, workers: WORKERS });
  try {
    return await firstSweep(muster);
  } finally {
    await muster.close();
  }
}

/** Figures of the first sweep of processes that have only just been started. */
export async function firstSweep(muster: MusterRun): Promise<Record<string, number>> {
  const before = muster.workerUsage();
  const startedAtMs = Date.now();
  muster.begin();
  const sweep = await muster.swept(0);
  const after = muster.workerUsage();
  const wallMs = Date.now() - startedAtMs;
  const { states } = await muster.ledger.enrollments.counts();
  const candidates = states.get('queued') ?? 0;
  const instances = [...states.values()].reduce((sum, count) => sum + count, 0);
  const targets = sweep.targets.total;
  if (sweep.verdict !== 'complete') throw new Error(`the sweep ended ${sweep.verdict}`);
  return {
    targets,
    instances,
    candidates,
    workerCpuMsPerTarget: (after.cpuMs - before.cpuMs) / targets,
    targetsPerSecond: (targets / wallMs) * 1_000,
    workerPeakRssMb: after.peakRssMb,
  };
}
