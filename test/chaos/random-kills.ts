import { eventually, pause } from '@muster/testing/eventually';
import type { MusterSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { judgeBounds } from './bounds.ts';
import { type ChaosCase, seconds, seededRandom } from './chaos-case.ts';
import { type RollOut, startRollOut } from './roll-out.ts';
import { judgeStays } from './stays.ts';

export interface RandomKillsOptions {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly schedulers: number;
  readonly workers: number;
  readonly speed: number;
  /** For how long processes are killed at least: it ends no sooner than repairs have begun. */
  readonly killForMs: number;
  /** Between two kills: from, to. */
  readonly everyMs: readonly [number, number];
  /** From the last kill to the end of all work. */
  readonly endWithinMs: number;
}

/** Of the hosts that have joined when the agents begin to die, and for how long they die. Simulated time. */
const DYING_SHARE = 0.2;
const DYING_MS = 300_000;
const REPAIRS_DISTURBED_MS = 15_000;
/** Of all hosts that can join: so many have when agents begin to die. */
const JOINED_BEFORE = 0.3;

/**
 * Kills schedulers and workers at random in a hostile world, each replaced at once as a supervisor would, while hosts are
 * enrolled by a ramp and in waves, and while agents die and are repaired. All work must come to its end, nothing may be sent
 * twice, no bound may be exceeded at any moment, and no host may be under way for longer than killed work needs to resume.
 */
export function randomKills(options: RandomKillsOptions): ChaosCase {
  const { accounts, regions, instances, schedulers, workers, speed } = options;
  return {
    name: `random SIGKILLs, ${accounts}x${regions}x${instances} hostile in waves with repairs, ${schedulers} schedulers, ${workers} workers`,
    async run(seed) {
      const startedAtMs = Date.now();
      const rollOut = await startRollOut({
        world: { accounts, regions, instances, seed, scenario: 'hostile' },
        speed,
        schedulers,
        workers,
        config: {
          discovery_service: { poll_interval: '15m' },
          // So few that the cap of all is full when the ramp is over.
          muster: { limits: { installs_in_flight: Math.ceil(instances / 4) } },
        },
        secondInFlight: Math.ceil(instances / 20),
      });
      const { system } = rollOut;
      try {
        const repairing = new AbortController();
        const both = [
          killAtRandom(system, options, seededRandom(seed), repairing.signal),
          loseSomeAgents(rollOut, options).finally(() => repairing.abort()),
        ] as const;
        // Where one of them fails, the other starts no process in a system that is closed.
        await Promise.allSettled(both);
        const [kills, died] = await Promise.all(both);
        const lastKillAtMs = Date.now();
        const history = await rollOut.end(options.endWithinMs);
        const ended = seconds(lastKillAtMs);
        const stays = judgeStays(history, speed);
        const bounds = judgeBounds(history, rollOut.bounds());
        const { commands, joined, readableInstances, installs } = system.report();
        return `${kills} kills, ${joined} of ${readableInstances} joined, ${died} agents died, ${commands.sent} commands (whileLive ${installs.whileLive}, afterJoined ${installs.afterJoined}), longest ${stays}, ${bounds}, ended ${ended} after the last kill, ${seconds(startedAtMs)} in all`;
      } finally {
        await rollOut.close();
      }
    },
  };
}

/** Returns when hosts have been repaired for as long as processes are killed among them. @returns how many agents die */
async function loseSomeAgents(
  rollOut: RollOut,
  { killForMs, endWithinMs }: RandomKillsOptions,
): Promise<number> {
  const { system } = rollOut;
  await eventually(
    'some hosts have joined',
    () => system.report().joined > JOINED_BEFORE * system.report().readableInstances,
    killForMs + endWithinMs,
  );
  const { size } = await rollOut.loseAgents(DYING_SHARE, DYING_MS);
  await eventually(
    'a host is being repaired',
    async () => (await system.ledger.caps.places()).some(({ kind }) => kind === 'repair'),
    endWithinMs,
  );
  await pause(REPAIRS_DISTURBED_MS);
  return size;
}

/** Kills one process after the other until the time is over and hosts are being repaired. @param repaired aborted when they have been */
async function killAtRandom(
  system: MusterSystem,
  { killForMs, everyMs: [shortest, longest], endWithinMs }: RandomKillsOptions,
  random: () => number,
  repaired: AbortSignal,
): Promise<number> {
  await eventually(
    'the first accounts are known',
    async () => (await system.status()).sweep.accounts.total > 0,
    endWithinMs,
  );
  const untilMs = Date.now() + killForMs;
  let kills = 0;
  while (Date.now() < untilMs || !repaired.aborted) {
    await pause(shortest + random() * (longest - shortest));
    // On a busy machine a process takes seconds to start: killed again and again before that, none would ever do any work.
    const atWork = system.processes.filter((one) => one.isRunning() && one.log().includes(' started"'));
    const victim = atWork[Math.floor(random() * atWork.length)];
    if (victim === undefined) continue;
    await replaceKilled(system, victim);
    kills += 1;
  }
  return kills;
}

async function replaceKilled(system: MusterSystem, victim: SupervisedProcess): Promise<void> {
  victim.signal('SIGKILL');
  await victim.ended;
  system.start(victim.name.startsWith('scheduler') ? 'scheduler' : 'worker');
}
