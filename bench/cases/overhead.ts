import { fileURLToPath } from 'node:url';
import { startRedis } from '@muster/testing/redis-server';
import { baseEnvironment, runProgram } from '@muster/testing/supervised-process';
import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';

const PROGRAM = fileURLToPath(new URL('../overhead-run.ts', import.meta.url));

/** What a scan costs beside AWS: queue, ledger, decision, log. */
export const overhead: Benchmark = {
  name: 'overhead',
  about:
    'A scan job whose AWS answers 6 unchanged instances at once, beside an empty BullMQ job; one process.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const jobs = quick ? 2_000 : 17_000;
  const ours: Record<string, number>[] = [];
  const empty: Record<string, number>[] = [];
  for (let n = 0; n < (quick ? 1 : 3); n += 1) {
    empty.push(await runOnce('empty', jobs));
    ours.push(await runOnce('scan', jobs));
  }
  const figures = medians(ours);
  const baseline = medians(empty);
  return {
    figures,
    baseline,
    ratios: {
      rate: (figures['jobsPerSecond'] ?? 0) / (baseline['jobsPerSecond'] ?? 0),
      cpu: (figures['cpuUsPerJob'] ?? 0) / (baseline['cpuUsPerJob'] ?? 0),
    },
    must: [{ of: 'rate', atLeast: 0.45 }],
  };
}

/** Each run has a Redis of its own, so that neither finds what the other left. */
async function runOnce(kind: 'empty' | 'scan', jobs: number): Promise<Record<string, number>> {
  const redis = await startRedis();
  try {
    const env = { ...baseEnvironment(), REDIS_URL: redis.url };
    const { code, stderr } = await runProgram([PROGRAM, kind, String(jobs)], { env, timeoutMs: 600_000 });
    const line = stderr.trim().split('\n').at(-1) ?? '';
    if (code !== 0) throw new Error(`overhead-run ${kind} ended with ${code}: ${stderr.slice(-2_000)}`);
    return JSON.parse(line) as Record<string, number>;
  } finally {
    await redis.stop();
  }
}
