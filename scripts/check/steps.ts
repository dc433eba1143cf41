/** The steps of `npm test`, and how one is run. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countTests } from './test-report.ts';

/** How many tests there were of each outcome. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A tool that passes or fails as a whole, or a level of tests with a report of its own. */
export interface Step {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
  readonly kind: 'tool' | 'tests';
}

/** In order from quick to slow. Programs are those in `node_modules/.bin`. */
export const STEPS: readonly Step[] = [
  { name: 'format', kind: 'tool', commands: [['biome', 'format', '.']] },
  { name: 'lint', kind: 'tool', commands: [['oxlint', '--type-aware', '--deny-warnings', '.']] },
  {
    name: 'types',
    kind: 'tool',
    commands: [
      ['turbo', 'run', 'typecheck', '--output-logs=errors-only'],
      ['tsc', '-p', 'tsconfig.json'],
    ],
  },
  { name: 'unused', kind: 'tool', commands: [['knip']] },
  { name: 'unit', kind: 'tests', commands: [['vitest', 'run', '--project', 'unit']] },
  { name: 'integration', kind: 'tests', commands: [['vitest', 'run', '--project', 'integration']] },
  { name: 'e2e', kind: 'tests', commands: [['vitest', 'run', '--project', 'e2e']] },
];

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'node_modules/.bin');

/** Runs a step to its end and counts. A test program that ends without a report counts as one failed test. */
export async function runStep(step: Step, signal: AbortSignal): Promise<Counts> {
  return step.kind === 'tool' ? runTool(step, signal) : runTests(step, signal);
}

async function runTool(step: Step, signal: AbortSignal): Promise<Counts> {
  let isOk = true;
  for (const command of step.commands) isOk = (await runCommand(command, signal)) && isOk;
  return { passed: isOk ? 1 : 0, failed: isOk ? 0 : 1, skipped: 0 };
}

async function runTests(step: Step, signal: AbortSignal): Promise<Counts> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-check-'));
  const report = join(folder, 'report.json');
  try {
    const [command = []] = step.commands;
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const isOk = await runCommand([...command, ...reporters], signal);
    const counts = countTests(await readFile(report, 'utf8').catch(() => ''));
    if (counts === null) return { passed: 0, failed: 1, skipped: 0 };
    // An error outside any test (an unhandled rejection, a worker that died) fails the run without failing a test.
    return isOk || counts.failed > 0 ? counts : { ...counts, failed: 1 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runCommand([program = '', ...args]: readonly string[], signal: AbortSignal): Promise<boolean> {
  const env = {
    ...process.env,
    PATH: [BIN, process.env['PATH'] ?? ''].join(delimiter),
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  };
  return new Promise((resolve) => {
    const child = spawn(join(BIN, program), args, {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const stop = (): void => {
      child.kill('SIGTERM');
    };
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(false);
    });
    child.once('exit', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code === 0);
    });
  });
}
