/**
 * `npm test`: everything that must hold before a change goes in, in order from quick to slow. Every step runs, whatever
 * the ones before it said. The last line is the sum: a tool counts as one test, the tests count themselves.
 *
 * `npm test -- unit lint` runs only the steps named.
 */
import { parseArgs } from 'node:util';
import { type Counts, STEPS, runStep } from './check/steps.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const names = STEPS.map(({ name }) => name);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}: use ${names.join(', ')}`);
  process.exit(64);
}

// A stopped run still says so in its exit code; the step that runs gets the same signal from the terminal or from us.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    stopping.abort();
  });
}

const chosen = STEPS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const results: { name: string; counts: Counts; seconds: string }[] = [];
for (const step of chosen) {
  console.log(`\n── ${step.name}`);
  const startedAtMs = performance.now();
  const counts = stopping.signal.aborted
    ? { passed: 0, failed: 1, skipped: 0 }
    : await runStep(step, stopping.signal);
  results.push({ name: step.name, counts, seconds: ((performance.now() - startedAtMs) / 1_000).toFixed(1) });
}

console.log('\n── summary');
const total = { passed: 0, failed: 0, skipped: 0 };
for (const { name, counts, seconds } of results) {
  for (const key of ['passed', 'failed', 'skipped'] as const) total[key] += counts[key];
  const verdict = counts.failed > 0 ? 'FAILED' : 'ok';
  console.log(
    `${name.padEnd(12)} ${verdict.padEnd(7)} ${String(counts.passed).padStart(5)} passed ${String(counts.failed).padStart(4)} failed ` +
      `${String(counts.skipped).padStart(4)} skipped ${seconds.padStart(7)} s`,
  );
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;
