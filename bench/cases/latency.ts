import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { busyShare, readMachineTicks } from '../machine-load.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { startWorld } from '../simulated-world.ts';

const LATENCY_MS = 150;
/** Scans at once in one worker: low enough that waiting, not CPU, is what limits four of them on two cores. */
const CONCURRENCY = 5;
const WORKERS = [4, 2, 1] as const;
/** Busier than this, a machine has no CPU that a worker more could use. */
const MOST_BUSY = 0.7;

/** How far adding workers adds capacity while all of them wait for AWS's answers. */
export const latency: Benchmark = {
  name: 'latency',
  about: `${LATENCY_MS} ms per AWS call, 2,000 targets swept again with sessions open, ${CONCURRENCY} scans at once per worker: 4, 2 and 1 workers.`,
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
    const config = { muster: { worker: { discovery_concurrency: CONCURRENCY } } };
    const muster = await startMuster({ world, workers: WORKERS[0], config });
    try {
      // Opens a session per account in every worker, as each hour does; capacity is what comes after.
      await sweepOnce(muster, async () => muster.begin());
      for (const workers of WORKERS) {
        await muster.keepWorkers(workers);
        for (const [name, value] of Object.entries(await sweepOnce(muster, () => muster.sweepAgain()))) {
          figures[`${name}@${workers}`] = value;
        }
      }
    } finally {
      await muster.close();
    }
    return { figures, baseline: {}, ...judged(figures) };
  } finally {
    await world.close();
  }
}

async function sweepOnce(muster: MusterRun, begin: () => Promise<void>): Promise<Record<string, number>> {
  const [before, ticks, startedAtMs] = [muster.workerUsage(), readMachineTicks(), Date.now()];
  await begin();
  const sweep = await muster.swept(startedAtMs);
  const wallMs = Date.now() - startedAtMs;
  if (sweep.verdict !== 'complete') throw new Error(`the sweep ended ${sweep.verdict}`);
  return {
    targetsPerSecond: (sweep.targets.total / wallMs) * 1_000,
    machineBusy: busyShare(ticks, readMachineTicks()),
    // Of one core, each.
    workerBusy: (muster.workerUsage().cpuMs - before.cpuMs) / wallMs / muster.workers.length,
  };
}

/** A worker more is asked to add its part only where the machine had CPU left for it. */
function judged(figures: Readonly<Record<string, number>>): Pick<Measured, 'ratios' | 'must' | 'notes'> {
  const of = (name: string, workers: number): number => figures[`${name}@${workers}`] ?? Number.NaN;
  const speed = (workers: number): number => of('targetsPerSecond', workers);
  const busy = of('machineBusy', 4) >= MOST_BUSY;
  const linear4 = { of: 'linear4', atLeast: 0.9 };
  return {
    ratios: { linear2: speed(2) / speed(1) / 2, linear4: speed(4) / speed(1) / 4 },
    must: [{ of: 'linear2', atLeast: 0.9 }, ...(busy ? [] : [linear4])],
    notes: [
      '`machineBusy` is the share of all cores, with simulator, Redis and whatever else runs; `workerBusy` of one core per worker. Measured after a first sweep, in which every worker opens its sessions. One repetition.',
      ...(busy
        ? [
            `With four workers the machine was ${Math.round(of('machineBusy', 4) * 100)} % busy, so that nothing is asked of them.`,
          ]
        : []),
    ],
  };
}
