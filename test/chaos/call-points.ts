import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSettled } from '@muster/core/reports/organization-status';
import { eventually, pause } from '@muster/testing/eventually';
import type { MusterSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { judgeBounds } from './bounds.ts';
import { type ChaosCase, seconds } from './chaos-case.ts';
import { type RollOut, startRollOut } from './roll-out.ts';

const ENTRY = fileURLToPath(new URL('./call-point-worker.ts', import.meta.url));
const HANDLERS = ['install-batch', 'collect-command', 'verify-joined', 'read-inventory'] as const;

/** A place in a handler: right before or after its Nth call to a port. */
export interface CallPoint {
  readonly handler: (typeof HANDLERS)[number];
  readonly moment: 'before' | 'after';
  readonly number: number;
}

/**
 * What the workers do when they come to their points: a first install, in the first steps of a ramp and at the begin of waves;
 * or the repair of hosts whose agents have died.
 */
export type Work = 'install' | 'repair';

/** How many calls the longest runs of each handler make, in a quiet world. */
export async function countCallPoints(
  seed: number,
  work: Work,
): Promise<ReadonlyMap<CallPoint['handler'], number>> {
  const rollOut = await startWorld(work, 1, seed);
  const { system } = rollOut;
  try {
    const file = join(system.folder, 'calls');
    system.start('worker', { entry: ENTRY, env: { CHAOS_COUNT: file } });
    await rollOut.end(180_000);
    return new Map(
      HANDLERS.map((name) => {
        const path = `${file}.${name}`;
        return [name, existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0];
      }),
    );
  } finally {
    await rollOut.close();
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
/** So many that every worker gets a job that comes to its point. */
const HOSTS_PER_POINT = 20;
const REPAIRED_PER_POINT = 12;
/** Of hosts that have joined; and within which simulated time they die. */
const DYING_SHARE = 0.5;
const DYING_MS = 1_000;

/**
 * Several points at once, a worker for each, beside the ones that take over: every host is to be sent exactly one command, and
 * one more when its agent died, whatever the point. Which worker gets which job is left to chance, so a point that no job came
 * to in one world is tried again in the next: the case passes only when every point was struck.
 */
export function strikeAtPoints(points: readonly CallPoint[], blow: Blow, work: Work = 'install'): ChaosCase {
  const first = points[0];
  const last = points.at(-1);
  const range = `${first?.handler} ${first?.number} to ${last?.handler} ${last?.number}`;
  return {
    name: `${blow.kind} in ${work === 'install' ? 'an install' : 'a repair'} at ${points.length} call points, ${range}`,
    async run(seed) {
      const startedAtMs = Date.now();
      let left = points;
      let instances = 0;
      let rounds = 0;
      let figures = '';
      for (; left.length > 0 && rounds < MOST_ROUNDS; rounds += 1) {
        const round = await strikeInOneWorld(left, blow, work, seed + rounds);
        instances += round.instances;
        left = round.missed;
        figures = figures === '' ? round.bounds : figures;
      }
      if (left.length > 0) {
        const names = left.map(({ handler, moment, number }) => `${moment} ${handler} ${number}`);
        throw new Error(`points that no worker came to in ${rounds} worlds: ${names.join(', ')}`);
      }
      return `${points.length} of ${points.length} struck in ${rounds} worlds, ${instances} instances with one command each${work === 'repair' ? ' and one more for agents that died' : ''}, ${figures}, ${seconds(startedAtMs)}`;
    },
  };
}

/** A world with room for so many points, in which this work is about to be done; no worker is there to do it. */
async function startWorld(work: Work, points: number, seed: number): Promise<RollOut> {
  const instances = work === 'install' ? HOSTS_PER_POINT * points : Math.max(40, REPAIRED_PER_POINT * points);
  const rollOut = await startRollOut({
    world: { accounts: Math.max(4, 2 * points), regions: 1, instances, seed },
    speed: 20,
    workers: work === 'install' ? 0 : 2,
    config: {
      discovery_service: { poll_interval: work === 'install' ? '6h' : '10m' },
      muster: {
        // Few jobs at once, so that every worker gets some.
        worker: { enrollment_concurrency: 2, discovery_concurrency: 4 },
        // Half of this world dies at once, and so do many of its workers.
        repair: { per_hour: 10_000 },
        inventory: { max_drop_share: 0.9 },
      },
    },
    secondInFlight: Math.ceil(instances / 8),
  });
  if (work === 'repair') await awaitRepairs(rollOut);
  return rollOut;
}

/** Everything has joined, many agents die, and no worker is left. */
async function awaitRepairs(rollOut: RollOut): Promise<void> {
  const { system } = rollOut;
  await rollOut.end(180_000);
  const before = system.report().joined;
  await rollOut.loseAgents(DYING_SHARE, DYING_MS);
  await eventually('agents have died', () => system.report().joined < before);
  const workers = system.processes.filter(({ name }) => name.startsWith('worker'));
  for (const worker of workers) worker.signal('SIGTERM');
  await Promise.all(workers.map((worker) => worker.ended));
}

async function strikeInOneWorld(
  points: readonly CallPoint[],
  blow: Blow,
  work: Work,
  seed: number,
): Promise<{ readonly missed: readonly CallPoint[]; readonly instances: number; readonly bounds: string }> {
  const rollOut = await startWorld(work, points.length, seed);
  const { system } = rollOut;
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
    const history = await rollOut.end(180_000);
    const { perInstance } = system.report().installs;
    const { 0: none = 0, 1: once = 0, 2: twice = 0, ...more } = perInstance;
    const { total } = (await system.status()).instances;
    const isRight =
      none === 0 &&
      once + twice === total &&
      Object.keys(more).length === 0 &&
      (work === 'repair' || twice === 0);
    if (!isRight) throw new Error(`not one command per instance: ${JSON.stringify(perInstance)}`);
    return {
      missed: points.filter((_, index) => struck[index] !== true),
      instances: total,
      bounds: judgeBounds(history, rollOut.bounds()),
    };
  } finally {
    await rollOut.close();
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
    async () => {
      if (doomed.every(isStruck)) return true;
      const status = await system.status();
      return isSettled(status, true) && status.instances.byState['joined'] === system.report().joined;
    },
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
