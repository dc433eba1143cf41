import { fileURLToPath } from 'node:url';
import { baseEnvironment, runProgram } from '@muster/testing/supervised-process';
import type { SimulatedWorld } from './simulated-world.ts';

const PROGRAM = fileURLToPath(new URL('./bare-loop.ts', import.meta.url));

/** What one pass of the bare loop cost, without its start. */
export interface BareLoopResult {
  readonly targets: number;
  readonly instances: number;
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly peakRssMb: number;
}

/** Runs the bare loop in a process of its own. `joined` as in bare-loop.ts. */
export async function runBareLoop(
  world: SimulatedWorld,
  options: { readonly concurrency: number; readonly joined: boolean },
): Promise<BareLoopResult> {
  const args = [PROGRAM, String(options.concurrency), ...(options.joined ? ['--joined'] : [])];
  const { code, stdout, stderr } = await runProgram(args, {
    env: { ...baseEnvironment(), ...world.env },
    timeoutMs: 30 * 60_000,
  });
  if (code !== 0) throw new Error(`the bare loop ended with ${code}: ${stderr.slice(-2_000)}`);
  return JSON.parse(stdout) as BareLoopResult;
}

/** The concurrency at which the bare loop uses least CPU, found in this run: it is a baseline at its best. */
export async function bestConcurrency(world: SimulatedWorld, joined: boolean): Promise<number> {
  const tried = new Map<number, number>();
  for (const concurrency of [8, 20, 50]) {
    const { cpuMs } = await runBareLoop(world, { concurrency, joined });
    tried.set(concurrency, cpuMs);
  }
  const [best] = [...tried].toSorted((a, b) => a[1] - b[1])[0] ?? [20];
  return best;
}
