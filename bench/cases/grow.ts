import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { readUsage } from '../process-usage.ts';
import { startWorld } from '../simulated-world.ts';
import { ledgerParts } from './ledger-parts.ts';
import { firstSweep } from './scan.ts';

const INSTANCES_PER_ACCOUNT = 100;
const REGIONS = 17;
/** Fixed, so that memory that grows cannot hide behind a generous collector. */
const HEAP_LIMIT_MB = 256;

/** Sizes of organizations, with how often each is measured. The largest only when asked for. */
function sizesOf({ quick, large }: BenchOptions): readonly number[] {
  if (quick) return [10, 100];
  return [10, 100, 1_000, ...(large ? [5_000] : [])];
}

/** The same first sweep over organizations of growing size, one worker: what grows, and what does not. */
export const grow: Benchmark = {
  name: 'grow',
  about: `First sweeps of 10 to 5,000 accounts × ${REGIONS} regions, ${INSTANCES_PER_ACCOUNT} instances each; 1 worker with ${HEAP_LIMIT_MB} MB of heap.`,
  run,
};

async function run(options: BenchOptions): Promise<Measured> {
  const sizes = sizesOf(options);
  const figures: Record<string, number> = {};
  for (const accounts of sizes) {
    const measured = await sweepOf(accounts);
    for (const [name, value] of Object.entries(measured)) figures[`${name}@${accounts}`] = value;
  }
  const largest = sizes.at(-1) ?? 0;
  const at = (name: string, accounts: number): number => figures[`${name}@${accounts}`] ?? Number.NaN;
  return {
    figures,
    baseline: {},
    ratios: {
      // A start is dear, so ten accounts say nothing about a target: a hundred are the smallest that count.
      cpuPerTarget: at('workerCpuMsPerTarget', largest) / at('workerCpuMsPerTarget', 100),
      peakRss: at('workerPeakRssMb', largest) / at('workerPeakRssMb', 100),
      redisBytesPerInstance: at('redisBytesPerInstance', largest),
      redisBytesPerTarget: at('redisBytesPerTarget', largest),
    },
    must: [
      { of: 'cpuPerTarget', atMost: 1.15 },
      { of: 'peakRss', atMost: 1.2 },
      { of: 'redisBytesPerInstance', atMost: 1_024 },
      { of: 'redisBytesPerTarget', atMost: 1_024 },
    ],
    notes: [`Ratios compare ${largest} accounts with 100.`],
  };
}

async function sweepOf(accounts: number): Promise<Record<string, number>> {
  const instances = accounts * INSTANCES_PER_ACCOUNT;
  const world = await startWorld({ accounts, regions: REGIONS, instances });
  const muster = await startMuster({
    world,
    workers: 1,
    workerEnv: { NODE_OPTIONS: `--max-old-space-size=${HEAP_LIMIT_MB}` },
  });
  try {
    const figures = await firstSweep(muster);
    const scheduler = muster.scheduler();
    return {
      ...figures,
      ...(await redisFigures(muster, figures['targets'] ?? 0, instances)),
      schedulerPeakRssMb: scheduler === null ? Number.NaN : readUsage(scheduler.pid).peakRssMb,
    };
  } finally {
    await muster.close();
    await world.close();
  }
}

/** What Redis keeps of the ledger, without the queues, the server's own needs and the change stream, which has a bound. */
async function redisFigures(
  muster: MusterRun,
  targets: number,
  instances: number,
): Promise<Record<string, number>> {
  const parts = await ledgerParts((command, ...args) => muster.redisCall(command, ...args));
  return {
    redisBytesPerInstance: (parts.instances + parts.index) / instances,
    redisBytesPerTarget: parts.targets / targets,
    changeStreamMb: parts.changes / 1_000_000,
  };
}
