import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSettled } from '@muster/core/reports/organization-status';
import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { type ChaosCase, seconds } from './chaos-case.ts';

const ENTRY = fileURLToPath(new URL('./call-point-worker.ts', import.meta.url));

/** A place in a handler: right before or after its Nth call to a port. */
export interface CallPoint {
  readonly handler: 'install-batch' | 'collect-command';
  readonly moment: 'before' | 'after';
  readonly number: number;
}

/** How many calls the longest run of each handler makes, in a quiet world. */
export async function countCallPoints(seed: number): Promise<ReadonlyMap<CallPoint['handler'], number>> {
  const system = await startSystem({ world: { accounts: 2, regions: 1, instances: 40, seed }, workers: 0 });
  try {
    const file = join(system.folder, 'calls');
    system.start('worker', { entry: ENTRY, env: { CHAOS_COUNT: file } });
    await system.judged();
    const handlers = ['install-batch', 'collect-command'] as const;
    return new Map(
      handlers.map((name) => {
        const path = `${file}.${name}`;
        return [name, existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0];
      }),
    );
  } finally {
    await system.close();
  }
}

/** Every point of the given counts. */
export function callPoints(counts: ReadonlyMap<CallPoint['handler'], number>): readonly CallPoint[] {
  return [...counts].flatMap(([handler, highest]) =>
    Array.from({ length: highest }, (_, n) => n + 1).flatMap((number) => [
      { handler, moment: 'before' as const, number },
      { handler, moment: 'after' as const, number },
    ]),
  );
}

/** What is done to a worker at its point. A freeze lasts longer than every lease, and then goes on. */
type Blow = { readonly kind: 'kill' } | { readonly kind: 'freeze'; readonly forMs: number };

/** Worlds in which points that were not come to are tried again. */
const MOST_ROUNDS = 5;
const STRUCK_WITHIN_MS = 120_000;

/**
 * Several points at once, a worker for each, beside the ones that take over: every host is to be sent exactly one
 * command, whatever the point. Which worker gets which job is left to chance, so a point that no job came to in one
 * world is tried again in the next: the case passes only when every point was struck.
 */
export function strikeAtPoints(points: readonly CallPoint[], blow: Blow): ChaosCase {
  const first = points[0];
  const last = points.at(-1);
  const range = `${first?.handler} ${first?.number} to ${last?.handler} ${last?.number}`;
  return {
    name: `${blow.kind} at ${points.length} call points, ${range}`,
    async run(seed) {
      const startedAtMs = Date.now();
      let left = points;
      let instances = 0;
      let rounds = 0;
      for (; left.length > 0 && rounds < MOST_ROUNDS; rounds += 1) {
        const round = await strikeInOneWorld(left, blow, seed + rounds);
        instances += round.instances;
        left = round.missed;
      }
      if (left.length > 0) {
        const names = left.map(({ handler, moment, number }) => `${moment} ${handler} ${number}`);
        throw new Error(`points that no worker came to in ${rounds} worlds: ${names.join(', ')}`);
      }
      return `${points.length} of ${points.length} struck in ${rounds} worlds, ${instances} instances with one command each, ${seconds(startedAtMs)}`;
    },
  };
}

async function strikeInOneWorld(
  points: readonly CallPoint[],
  blow: Blow,
  seed: number,
): Promise<{ readonly missed: readonly CallPoint[]; readonly instances: number }> {
  const system = await startSystem({
    world: { accounts: 2 * points.length, regions: 1, instances: 40 * points.length, seed },
    speed: 20,
    workers: 0,
    config: {
      discovery_service: { poll_interval: '6h' },
      // Few jobs at once, so that every worker gets some.
      muster: { worker: { enrollment_concurrency: 2, discovery_concurrency: 4 } },
    },
  });
  try {
    const doomed = points.map(({ handler, moment, number }) =>
      system.start('worker', {
        entry: ENTRY,
        env: {
          CHAOS_POINT: `${handler}:${moment}:${number}:${blow.kind === 'kill' ? 'SIGKILL' : 'SIGSTOP'}`,
        },
      }),
    );
    const struck = await strike(system, doomed, blow);
    const status = await system.judged(180_000);
    const { perInstance } = system.report().installs;
    if (perInstance['1'] !== status.instances.total) {
      throw new Error(`not one command per instance: ${JSON.stringify(perInstance)}`);
    }
    return {
      missed: points.filter((_, index) => struck[index] !== true),
      instances: status.instances.total,
    };
  } finally {
    await system.close();
  }
}

/**
 * Lets the doomed come to their points, then sends in workers that live.
 *
 * @returns for each of the doomed whether it was struck
 */
async function strike(
  system: MusterSystem,
  doomed: readonly SupervisedProcess[],
  blow: Blow,
): Promise<readonly boolean[]> {
  const killed = new Set<SupervisedProcess>();
  const note = async (one: SupervisedProcess): Promise<void> => {
    if ((await one.ended).signal === 'SIGKILL') killed.add(one);
  };
  for (const one of doomed) void note(one);
  const isStruck = (one: SupervisedProcess): boolean =>
    blow.kind === 'kill' ? killed.has(one) : one.isRunning() && isStopped(one.pid);
  // Jobs of the struck come back to the others. When all work is done, no worker reaches a point any more.
  await eventually(
    'all workers were struck, or all work is done',
    async () => doomed.every(isStruck) || isSettled(await system.status(), true),
    STRUCK_WITHIN_MS,
  ).catch(() => undefined);
  const struck = doomed.map(isStruck);
  system.start('worker');
  system.start('worker');
  if (blow.kind === 'freeze') {
    await pause(blow.forMs);
    for (const one of doomed) one.signal('SIGCONT');
  }
  return struck;
}

/** Whether a process is stopped by a signal (Linux). */
function isStopped(pid: number): boolean {
  return /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}
