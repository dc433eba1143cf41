import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { bestConcurrency, runBareLoop } from '../run-bare-loop.ts';
import { startWorld } from '../simulated-world.ts';

const WORKERS = 2;

/** An organization whose instances have all joined, swept again with nothing changed, beside a bare loop. */
export const steady: Benchmark = {
  name: 'steady',
  about:
    'The same organization, all joined, swept again with nothing changed; the reading of the inventory counts as ours.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const size = quick ? { accounts: 100, instances: 10_000 } : { accounts: 1_000, instances: 100_000 };
  const world = await startWorld({ ...size, regions: 17 });
  const muster = await startMuster({ world, workers: WORKERS, joined: await world.instances() });
  try {
    await settle(muster, size.instances);
    const concurrency = await bestConcurrency(world, true);
    const ours: Record<string, number>[] = [];
    const bare: Record<string, number>[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n += 1) {
      ours.push(await sweepOnce(muster));
      const loop = await runBareLoop(world, { concurrency, joined: true });
      bare.push({
        targets: loop.targets,
        cpuMsPerTarget: loop.cpuMs / loop.targets,
        targetsPerSecond: (loop.targets / loop.wallMs) * 1_000,
        concurrency,
      });
    }
    const figures = medians(ours);
    const baseline = medians(bare);
    return {
      figures,
      baseline,
      ratios: { workerCpu: (figures['workerCpuMsPerTarget'] ?? 0) / (baseline['cpuMsPerTarget'] ?? 0) },
      must: [
        { of: 'workerCpu', atMost: 0.8 },
        { of: 'instanceWrites', atMost: 0 },
      ],
    };
  } finally {
    await muster.close();
    await world.close();
  }
}

/** Sweeps until every instance is seen in the inventory: the first sweep may begin before the inventory was read. */
export async function settle(muster: MusterRun, instances: number): Promise<void> {
  muster.begin();
  await muster.swept(0);
  for (let n = 0; n < 3; n += 1) {
    const { states } = await muster.ledger.enrollments.counts();
    if (states.get('joined') === instances) return;
    const since = Date.now();
    await muster.sweepAgain();
    await muster.swept(since);
  }
  throw new Error('the instances do not all count as joined');
}

/** Figures of one more sweep, in which nothing changes. */
export async function sweepOnce(muster: MusterRun): Promise<Record<string, number>> {
  const before = muster.workerUsage();
  const writesBefore = await instanceWrites(muster);
  const startedAtMs = Date.now();
  await muster.sweepAgain();
  const { targets } = await muster.swept(startedAtMs);
  const after = muster.workerUsage();
  return {
    targets: targets.total,
    workerCpuMsPerTarget: (after.cpuMs - before.cpuMs) / targets.total,
    targetsPerSecond: (targets.total / (Date.now() - startedAtMs)) * 1_000,
    workerPeakRssMb: after.peakRssMb,
    instanceWrites: (await instanceWrites(muster)) - writesBefore,
  };
}

/** A sum that any write changes: each gives its record a new random version. Not a count, but zero when there was none. */
async function instanceWrites(muster: MusterRun): Promise<number> {
  let versions = 0;
  for (const target of await muster.ledger.enrollments.keptTargets()) {
    const records = await muster.ledger.enrollments.readAll(target);
    for (const { version } of records.values()) versions += version;
  }
  return versions;
}
