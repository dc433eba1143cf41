import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { AccountId, Region } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import { eventually, pause } from '@muster/testing/eventually';
import { type Benchmark, type BenchOptions, type Measured, medians } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { type SimulatedWorld, startWorld } from '../simulated-world.ts';

const REGIONS_PER_ACCOUNT = 17;
const WAITING = '{bench}:queue:discovery:wait';
const EVENTS = '{bench}:queue:discovery:events';
const DUE_WITHIN_MS = 120_000;

/** From a list of known targets to jobs in the queue, by the real scheduler's tick; and what very many jobs do to Redis. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  about:
    'A tick finds every known target due: 17,000 and 170,000 scan jobs, no worker; then how soon a first one starts.',
  run,
};

async function run({ quick }: BenchOptions): Promise<Measured> {
  const world = await startWorld({ accounts: 1, regions: 1, instances: 1 });
  try {
    const runs: Record<string, number>[] = [];
    for (let n = 0; n < (quick ? 1 : 3); n += 1) {
      runs.push({
        ...(await fanOutOnce(world, quick ? 100 : 1_000)),
        firstStartMs: await firstStart(world),
      });
    }
    const many = await fanOutOnce(world, quick ? 500 : 10_000);
    return {
      figures: {
        ...medians(runs),
        manyJobs: many['jobs'] ?? Number.NaN,
        manyEnqueuedMs: many['enqueuedMs'] ?? Number.NaN,
        manySlowestPingMs: many['slowestPingMs'] ?? Number.NaN,
        manyBytesPerJob: many['bytesPerJob'] ?? Number.NaN,
      },
      baseline: {},
      ratios: {},
      must: [
        { of: 'enqueuedMs', atMost: 2_000 },
        { of: 'firstStartMs', atMost: 1_000 },
      ],
      notes: [
        'From the first job in the queue to the last; `slowestPingMs` is the longest wait of another client that asks Redis meanwhile, measured in this process and with its own work.',
      ],
    };
  } finally {
    await world.close();
  }
}

/** Fills the ledger with targets, makes them all due at once, and watches the queue grow. */
async function fanOutOnce(world: SimulatedWorld, accounts: number): Promise<Record<string, number>> {
  const muster = await startMuster({ world, workers: 0 });
  try {
    const targets = await knowTargets(muster, accounts);
    muster.begin();
    await tickIsRunning(muster);
    const bytesBefore = await usedMemory(muster);
    const members = targets.map(targetId);
    await muster.ledger.due.schedule('scan', members);
    const [first, last, slowestPingMs] = await watchQueue(muster, targets.length);
    return {
      jobs: targets.length,
      enqueuedMs: last - first,
      slowestPingMs,
      bytesPerJob: ((await usedMemory(muster)) - bytesBefore) / targets.length,
    };
  } finally {
    await muster.close();
  }
}

/** From a job's arrival in the queue to a worker's taking it up, by the clock of Redis. */
async function firstStart(world: SimulatedWorld): Promise<number> {
  const muster = await startMuster({ world, workers: 1 });
  try {
    const [target] = await knowTargets(muster, 1);
    if (target === undefined) throw new Error('no target');
    muster.begin();
    await tickIsRunning(muster);
    await muster.ledger.due.schedule('scan', [targetId(target)]);
    return await eventually('a scan has started', async () => {
      const events = (await muster.redisCall('XRANGE', EVENTS, '-', '+')) as [string, string[]][];
      const timeOf = (event: string): number | null => {
        const found = events.find(([, fields]) => fields.includes(event) && isScan(fields, target));
        return found === undefined ? null : Number(found[0].split('-')[0]);
      };
      const added = timeOf('added');
      const active = timeOf('active');
      return added === null || active === null ? null : active - added;
    });
  } finally {
    await muster.close();
  }
}

/** A job's id says what it is at work on (see `createJobQueue`). */
function isScan(fields: readonly string[], target: Target): boolean {
  return fields.some((field) => field.startsWith(`${targetId(target)}.`));
}

/** Accounts and regions as a listing leaves them; nothing is due but what the caller makes due. */
async function knowTargets({ ledger }: MusterRun, accounts: number): Promise<readonly Target[]> {
  const regions = Array.from({ length: REGIONS_PER_ACCOUNT }, (_, n) => Region.parse(`eu-west-${n + 1}`));
  const ids = Array.from({ length: accounts }, (_, n) => AccountId.parse(String(100_000_000_000 + n)));
  await ledger.coverage.startSweep('BENCH');
  await ledger.due.schedule('accounts', [ORGANIZATION_MEMBER], 86_400_000);
  await ledger.coverage.putAccounts(
    ids.map((accountId) => ({ accountId, name: '', state: 'ACTIVE', ancestorIds: ['r-root'] })),
  );
  for (const accountId of ids) await ledger.coverage.putRegions(accountId, regions, Date.now());
  return ids.flatMap((accountId) => regions.map((region) => ({ accountId, region })));
}

/** The scheduler has started and ticks: a member that is due is handed out. */
async function tickIsRunning(muster: MusterRun): Promise<void> {
  const member = '999999999999';
  await muster.ledger.due.schedule('regions', [member]);
  await eventually('the tick runs', async () => {
    return (await muster.ledger.due.count('regions')).due === 0;
  });
}

/** When the first and the last of `jobs` was waiting, and the longest that a PING took meanwhile. */
async function watchQueue(
  muster: MusterRun,
  jobs: number,
): Promise<readonly [firstMs: number, lastMs: number, slowestPingMs: number]> {
  const untilMs = performance.now() + DUE_WITHIN_MS;
  let firstMs: number | null = null;
  let slowestPingMs = 0;
  while (performance.now() < untilMs) {
    const askedMs = performance.now();
    const waiting = Number(await muster.redisCall('LLEN', WAITING));
    const nowMs = performance.now();
    if (waiting > 1) firstMs ??= askedMs;
    if (firstMs !== null) slowestPingMs = Math.max(slowestPingMs, nowMs - askedMs);
    // The probe that showed the tick to run may still wait too.
    if (firstMs !== null && waiting >= jobs) return [firstMs, nowMs, slowestPingMs];
    await pause(2);
  }
  throw new Error(`the queue did not fill within ${DUE_WITHIN_MS} ms`);
}

async function usedMemory(muster: MusterRun): Promise<number> {
  const info = String(await muster.redisCall('INFO', 'memory'));
  return Number(/used_memory:(\d+)/.exec(info)?.[1] ?? Number.NaN);
}
