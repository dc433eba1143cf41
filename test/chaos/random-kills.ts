import { eventually, pause } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { type ChaosCase, seconds, seededRandom } from './chaos-case.ts';
import { judgeStays } from './stays.ts';

export interface RandomKillsOptions {
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly schedulers: number;
  readonly workers: number;
  readonly speed: number;
  /** For how long processes are killed, unless all is done before. */
  readonly killForMs: number;
  /** Between two kills: from, to. */
  readonly everyMs: readonly [number, number];
  /** From the last kill to the end of all work. */
  readonly endWithinMs: number;
}

/**
 * Kills schedulers and workers at random in a hostile world, each replaced at once as a supervisor would. All work must
 * come to its end, nothing may be sent twice, and no host may be under way for longer than killed work needs to resume.
 */
export function randomKills(options: RandomKillsOptions): ChaosCase {
  const { accounts, regions, instances, schedulers, workers, speed } = options;
  return {
    name: `random SIGKILLs, ${accounts}x${regions}x${instances} hostile, ${schedulers} schedulers, ${workers} workers`,
    async run(seed) {
      const startedAtMs = Date.now();
      const system = await startSystem({
        world: { accounts, regions, instances, seed, scenario: 'hostile' },
        speed,
        schedulers,
        workers,
        config: { discovery_service: { poll_interval: '6h' } },
      });
      try {
        const kills = await killAtRandom(system, options, seededRandom(seed));
        const lastKillAtMs = Date.now();
        const status = await system.judged(options.endWithinMs);
        const ended = seconds(lastKillAtMs);
        const stays = await judgeStays(system.ledger, speed);
        const { sent } = system.report().commands;
        const joined = status.instances.byState['joined'] ?? 0;
        return `${kills} kills, ${joined} of ${status.instances.total} joined, ${sent} commands, longest ${stays}, ended ${ended} after the last kill, ${seconds(startedAtMs)} in all`;
      } finally {
        await system.close();
      }
    },
  };
}

/** Kills one process after the other until the time is over or nothing is left to disturb. */
async function killAtRandom(
  system: MusterSystem,
  { killForMs, everyMs: [shortest, longest] }: RandomKillsOptions,
  random: () => number,
): Promise<number> {
  const untilMs = Date.now() + killForMs;
  let kills = 0;
  await eventually('the first accounts are known', async () => {
    return (await system.status()).sweep.accounts.total > 0;
  });
  while (Date.now() < untilMs) {
    await pause(shortest + random() * (longest - shortest));
    const running = system.processes.filter((one) => one.isRunning());
    const victim = running[Math.floor(random() * running.length)];
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
