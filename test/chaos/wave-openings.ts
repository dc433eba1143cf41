import { eventually, pause } from '@muster/testing/eventually';
import { judgeBounds } from './bounds.ts';
import { type ChaosCase, seconds } from './chaos-case.ts';
import { readHistory } from './change-history.ts';
import { type RollOut, startRollOut } from './roll-out.ts';

/** Work resumes within this of a kill, whatever was killed: the promise of docs/ARCHITECTURE.md. */
const RESUME_WITHIN_MS = 60_000;
const WAVES_WITHIN_MS = 180_000;
const LOOK_MS = 5;
const SPEED = 20;

/** Every process is killed at the moment in which a wave has begun, and before anything of it was sent. */
export function waveOpenings(options: { accounts: number; instances: number }): ChaosCase {
  const { accounts, instances } = options;
  return {
    name: `all processes killed between the begin of a wave and its first send, ${accounts}x2x${instances}`,
    async run(seed) {
      const startedAtMs = Date.now();
      const rollOut = await startRollOut({
        world: { accounts, regions: 2, instances, seed },
        speed: SPEED,
        schedulers: 2,
        workers: 2,
        secondInFlight: Math.ceil(instances / 8),
      });
      try {
        const strikes: Strike[] = [];
        for (const name of ['second', 'rest'] as const) strikes.push(await strikeAtBegin(rollOut, name));
        if (!strikes.some(({ isInBetween }) => isInBetween)) {
          throw new Error(`no kill was in between: ${strikes.map(({ told }) => told).join(', ')}`);
        }
        const history = await rollOut.end(WAVES_WITHIN_MS);
        const { perInstance } = rollOut.system.report().installs;
        if (perInstance['1'] !== instances) {
          throw new Error(`not one command per instance: ${JSON.stringify(perInstance)}`);
        }
        return `${strikes.map(({ told }) => told).join(', ')}, ${judgeBounds(history, rollOut.bounds())}, ${seconds(startedAtMs)}`;
      } finally {
        await rollOut.close();
      }
    },
  };
}

/** A kill of every process. */
interface Strike {
  /** Whether nothing of the wave had been sent. */
  readonly isInBetween: boolean;
  readonly told: string;
}

/** Kills every process, and starts as many. @throws {Error} nothing of the wave is sent in time afterwards */
async function strikeAtBegin(rollOut: RollOut, name: 'second' | 'rest'): Promise<Strike> {
  const { system } = rollOut;
  await nowBegun(rollOut, name);
  for (const one of system.processes) if (one.isRunning()) one.signal('SIGKILL');
  await Promise.all(system.processes.map((one) => one.ended));
  const killedAtMs = Date.now();
  const before = await firstClaim(rollOut, name);
  for (const kind of ['scheduler', 'scheduler', 'worker', 'worker'] as const) system.start(kind);
  if (before !== null) {
    return { isInBetween: false, told: `${name} was claimed ${killedAtMs - before} ms before the kill` };
  }
  const claimedAtMs = await eventually(
    `something of wave ${name} is sent`,
    () => firstClaim(rollOut, name),
    RESUME_WITHIN_MS,
  );
  const resumedAfter = ((claimedAtMs - killedAtMs) / 1_000).toFixed(1);
  return { isInBetween: true, told: `${name} resumed ${resumedAfter} s after the kill` };
}

/** Looks as often as it can: the first send follows within tenths of a second. @throws {Error} not in time */
async function nowBegun(rollOut: RollOut, name: string): Promise<void> {
  const untilMs = Date.now() + WAVES_WITHIN_MS;
  while (!(await rollOut.hasBegun(name))) {
    if (Date.now() > untilMs) throw new Error(`wave ${name} has not begun within ${WAVES_WITHIN_MS} ms`);
    await pause(LOOK_MS);
  }
}

/** When a host of the wave was first claimed, epoch ms; null: none was. */
async function firstClaim(rollOut: RollOut, name: string): Promise<number | null> {
  const { waves } = rollOut.bounds();
  const own = waves.find((wave) => wave.name === name)?.accounts ?? null;
  const others = new Set(waves.flatMap(({ accounts }) => [...(accounts ?? [])]));
  const history = await readHistory(rollOut.system.ledger);
  const first = history.flat().find(({ state, target }) => {
    const account = target.split('.')[0] ?? '';
    return state === 'sending' && (own === null ? !others.has(account) : own.has(account));
  });
  return first?.atMs ?? null;
}
