/** The chaos suite: see `USAGE`. One line per case, a last line with the sum; exit code 1 when a promise was broken. */
import { parseArgs } from 'node:util';
import { type CallPoint, callPoints, countCallPoints, strikeAtPoints, type Work } from './call-points.ts';
import { type ChaosCase, seconds } from './chaos-case.ts';
import { dayOfFailures } from './day-of-failures.ts';
import { duplicates } from './duplicates.ts';
import { hungHosts } from './hung-hosts.ts';
import { lostAnswers } from './lost-answers.ts';
import { randomKills } from './random-kills.ts';
import { redisOutages } from './redis-outages.ts';
import { waveOpenings } from './wave-openings.ts';
import { wrongClocks } from './wrong-clocks.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    'first-seed': { type: 'string', default: '1' },
    hosts: { type: 'string', default: '1600' },
    speed: { type: 'string', default: '30' },
    minutes: { type: 'string', default: '90' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const USAGE = `npm run test:chaos -- [options]

  --seeds N       worlds in which processes are killed at random (default 20)
  --first-seed N  seed of the first of them, and of every other case (default 1)
  --hosts N       hosts of each of them (default 1600)
  --speed N       simulated seconds per second in each of them (default 30); less of both for a machine that is busy
  --minutes M     no case begins after this (default 90)
  --only TEXT     only cases whose name contains it, such as: random, kill in an install, kill in a repair,
                  begin of a wave, redis, clocks, answers, freeze
`;
const seeds = Number(values.seeds);
const firstSeed = Number(values['first-seed']);
const untilMs = Date.now() + Number(values.minutes) * 60_000;
/** Longer than every lease of work and of its job. */
const FREEZE_MS = 130_000;
const KILLED_AT_ONCE = 36;
/** What `--only` is when call points are asked for: counting them takes minutes. */
const NAMES_POINTS = /^$|^kill|freeze|point/;
const WORKS: readonly Work[] = ['install', 'repair'];
/** A freeze takes minutes, so more are frozen together. */
const FROZEN_AT_ONCE = 36;

const HOSTS_PER_ACCOUNT = 40;
/** So few accounts would leave a wave of one, which hosts that cannot join hold back for good. */
const FEWEST_ACCOUNTS = 20;
const [hosts, speed] = [Number(values.hosts), Number(values.speed)];

const RANDOM_KILLS = randomKills({
  accounts: Math.max(FEWEST_ACCOUNTS, Math.ceil(hosts / HOSTS_PER_ACCOUNT)),
  regions: 3,
  instances: hosts,
  schedulers: 2,
  workers: 4,
  speed,
  killForMs: 1_800_000 / speed,
  everyMs: [45_000 / speed, 120_000 / speed],
  endWithinMs: 9_000_000 / speed,
});

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, n) =>
    list.slice(n * size, (n + 1) * size),
  );
}

async function plan(): Promise<readonly { readonly chaos: ChaosCase; readonly seed: number }[]> {
  const installs = await pointsOf('install');
  const repairs = await pointsOf('repair');
  const outages = redisOutages({ accounts: 12, regions: 2, instances: 1_200, speed: 20, workers: 2 });
  const once = [
    ...chunks(installs, KILLED_AT_ONCE).map((some) => strikeAtPoints(some, { kind: 'kill' }, 'install')),
    ...chunks(repairs, KILLED_AT_ONCE).map((some) => strikeAtPoints(some, { kind: 'kill' }, 'repair')),
    waveOpenings({ accounts: 20, instances: 400 }),
    ...outages,
    ...wrongClocks({ accounts: 20, regions: 2, instances: 400, speed: 40 }),
    lostAnswers({ accounts: 20, regions: 2, instances: 800 }),
    duplicates({ accounts: 10, instances: 600, rounds: 4 }),
    hungHosts(1_000),
    dayOfFailures({ speed: 600, perOutcome: 2, days: 1 }),
    ...chunks(installs, FROZEN_AT_ONCE).map((some) =>
      strikeAtPoints(some, { kind: 'freeze', forMs: FREEZE_MS }, 'install'),
    ),
  ].map((chaos) => ({ chaos, seed: firstSeed }));
  const kills = Array.from({ length: seeds }, (_, n) => ({ chaos: RANDOM_KILLS, seed: firstSeed + n }));
  return [...kills, ...once].filter(({ chaos }) => chaos.name.includes(values.only));
}

/** The points of a kind of work; none when no case is asked for that needs them. */
async function pointsOf(work: Work): Promise<readonly CallPoint[]> {
  const isNamed = WORKS.some((one) => values.only.includes(one))
    ? values.only.includes(work)
    : NAMES_POINTS.test(values.only);
  if (!isNamed) return [];
  const counts = await countCallPoints(firstSeed, work);
  const points = callPoints(counts);
  const found = [...counts].map(([handler, highest]) => `${handler} ${highest}`).join(', ');
  print(`N = ${points.length} call points in ${work}s: before and after each of ${found}`);
  return points;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function runAll(): Promise<void> {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { chaos, seed } of await plan()) counts[await runOne(chaos, seed)] += 1;
  print(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

async function runOne(chaos: ChaosCase, seed: number): Promise<'passed' | 'failed' | 'skipped'> {
  const title = `${chaos.name} (seed ${seed})`;
  const skipFor = chaos.cannotRun ?? (Date.now() > untilMs ? 'the time is over' : null);
  if (skipFor !== null) {
    print(`skipped  ${title}: ${skipFor}`);
    return 'skipped';
  }
  const startedAtMs = Date.now();
  try {
    print(`passed   ${title}: ${await chaos.run(seed)}`);
    return 'passed';
  } catch (error) {
    print(
      `FAILED   ${title} after ${seconds(startedAtMs)}: ${error instanceof Error ? error.message : String(error)}`,
    );
    return 'failed';
  }
}

if (values.help) print(USAGE.trimEnd());
else await runAll();
