/**
 * `npm run bench [-- NAME…] [--check] [--quick] [--large]`. Exit code 0 when everything could run; 1 when something
 * could not, or with `--check` when a demand was missed; 64 for wrong arguments.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Benchmark, type BenchOptions, judge } from './benchmark.ts';
import { answers } from './cases/answers.ts';
import { calls } from './cases/calls.ts';
import { failover } from './cases/failover.ts';
import { fanOut } from './cases/fan-out.ts';
import { grow } from './cases/grow.ts';
import { install } from './cases/install.ts';
import { latency } from './cases/latency.ts';
import { ledgerSize } from './cases/ledger-size.ts';
import { memory } from './cases/memory.ts';
import { overhead } from './cases/overhead.ts';
import { rollOut } from './cases/roll-out.ts';
import { scan } from './cases/scan.ts';
import { soak } from './cases/soak.ts';
import { steady } from './cases/steady.ts';
import { throttled } from './cases/throttled.ts';
import { withCapacityTables } from './capacity-page.ts';
import { describeMachine } from './machine.ts';
import { growthPicture } from './growth-picture.ts';
import { type BenchResult, readResults, resultTable, writePage } from './results.ts';

const BENCHMARKS: readonly Benchmark[] = [
  scan,
  steady,
  memory,
  grow,
  ledgerSize,
  latency,
  install,
  rollOut,
  throttled,
  overhead,
  fanOut,
  failover,
  answers,
  calls,
  soak,
];
const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));
const DOCS = fileURLToPath(new URL('../docs/', import.meta.url));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      check: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.filter((name) => BENCHMARKS.every((one) => one.name !== name));
  if (unknown.length > 0) {
    const names = BENCHMARKS.map((one) => one.name).join(', ');
    process.stderr.write(`there is no benchmark ${unknown.join(', ')}; there are: ${names}\n`);
    return 64;
  }
  mkdirSync(RESULTS, { recursive: true });
  const chosen = BENCHMARKS.filter(({ name, onlyByName = false }) =>
    positionals.length === 0 ? !onlyByName : positionals.includes(name),
  );
  const done: BenchResult[] = [];
  let failed = false;
  for (const benchmark of chosen) {
    const result = await runOne(benchmark, values);
    if (result === null) failed = true;
    else done.push(result);
  }
  process.stdout.write(`${resultTable(done)}\n`);
  const all = readResults(
    RESULTS,
    BENCHMARKS.map((one) => one.name),
  );
  const picture = growthPicture(all);
  if (picture !== null) {
    mkdirSync(join(DOCS, 'images'), { recursive: true });
    writeFileSync(join(DOCS, 'images/growth.svg'), picture);
  }
  writePage(join(DOCS, 'benchmarks.md'), all);
  const capacity = join(DOCS, 'capacity.md');
  writeFileSync(capacity, withCapacityTables(readFileSync(capacity, 'utf8'), all));
  const missed = done.some((result) => !result.pass);
  return failed || (values.check && missed) ? 1 : 0;
}

async function runOne(benchmark: Benchmark, options: BenchOptions): Promise<BenchResult | null> {
  process.stderr.write(`${benchmark.name}: ${benchmark.about}\n`);
  const startedAt = performance.now();
  try {
    const measured = await benchmark.run(options);
    const must = judge(measured);
    const result: BenchResult = {
      name: benchmark.name,
      about: benchmark.about,
      measuredAt: new Date().toISOString(),
      quick: options.quick,
      machine: describeMachine(),
      ...measured,
      must,
      pass: must.every((demand) => demand.pass),
    };
    writeFileSync(join(RESULTS, `${benchmark.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`${benchmark.name}: ${result.pass ? 'ok' : 'missed'} after ${seconds} s\n`);
    return result;
  } catch (error) {
    process.stderr.write(
      `${benchmark.name} could not run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    return null;
  }
}

process.exitCode = await main();
