import { seededRandom } from '@muster/testing/builders';
import { pause } from '@muster/testing/eventually';
import { startSystem } from '@muster/testing/muster-system';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { type Churn, startChurn } from '../soak/churn.ts';
import { judgeGrowth } from '../soak/judge-growth.ts';
import { openPage } from '../soak/open-page.ts';
import { addressOf, type Reading, readOnce } from '../soak/readings.ts';

const SPEED = 20;
const SEED = 7;
const MINUTE_MS = 60_000;
const SETTLED_WITHIN_MS = 10 * MINUTE_MS;
/** More than three minutes of the simulated organization. */
const STEP_MS = 10_000;
const WORLD = { accounts: 10, regions: 3, instances: 300 };
const WORKERS = 2;

/** An organization in motion for an hour: what grows in the processes, in Redis and in a page that is open. */
export const soak: Benchmark = {
  name: 'soak',
  about: `60 minutes at ${SPEED} times life: ${WORLD.accounts} accounts × ${WORLD.regions} regions, ${WORLD.instances} instances that come, go, stop and lose their agents; ${WORKERS} workers, a scheduler, a page of the console open.`,
  onlyByName: true,
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const lastsMs = (quick ? 4 : 60) * MINUTE_MS;
  const everyMs = quick ? STEP_MS : MINUTE_MS;
  const system = await startSystem({
    world: { ...WORLD, seed: SEED },
    speed: SPEED,
    workers: WORKERS,
    // As the product has them: the configuration of tests waits longer.
    config: { discovery_service: { poll_interval: '5m' }, muster: { backoff: { operator_first: '10m' } } },
  });
  try {
    await system.settled(SETTLED_WITHIN_MS);
    const [scheduler] = system.processes;
    const page = scheduler === undefined ? null : await openPage(addressOf(scheduler));
    try {
      const churn = await startChurn(system, seededRandom(SEED));
      const readings = await watch(churn, { lastsMs, everyMs }, () => readOnce(system, page));
      const { installs } = system.report();
      return judgeGrowth(readings, { launched: churn.launched(), whileLive: installs.whileLive });
    } finally {
      await page?.close();
    }
  } finally {
    await system.close();
  }
}

/** Churns and reads, until the time is over. */
async function watch(
  churn: Churn,
  order: { readonly lastsMs: number; readonly everyMs: number },
  read: () => Promise<Reading>,
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  const untilMs = Date.now() + order.lastsMs;
  let nextReadingMs = Date.now();
  for (let nextMs = Date.now() + STEP_MS; nextMs <= untilMs; nextMs += STEP_MS) {
    await churn.step();
    if (Date.now() >= nextReadingMs) {
      const reading = await read();
      readings.push(reading);
      nextReadingMs += order.everyMs;
      process.stderr.write(`soak ${readings.length}: ${inShort(reading)}\n`);
    }
    await pause(Math.max(0, nextMs - Date.now()));
  }
  return readings;
}

function inShort({ figures }: Reading): string {
  const shown = Object.entries(figures).filter(([name]) => /rssMb|usedMb|redis:keys|page:heapMb/.test(name));
  return shown.map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ');
}
