import { InstancesPage } from '@muster/api/instances';
import { InstanceId } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import { eventually } from '@muster/testing/eventually';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.ts';
import { type MusterRun, startMuster } from '../muster-run.ts';
import { readUsage } from '../process-usage.ts';
import { startWorld } from '../simulated-world.ts';
import { fillLedger, type LedgerSize } from './filled-ledger.ts';
import { slowestFirstPage, slowestStatus } from './first-answers.ts';
import { shareOfOpenPages } from './open-pages.ts';

const REDIS_DELAY_MS = 1;
const BUILT_WITHIN_MS = 300_000;
const UPDATES = 20;
const FIRST_PAGES = 5;
const STATUSES = 10;

/** What a console asks while an operator works with it. */
const LISTS: Readonly<Record<string, string>> = {
  all: 'instances',
  newest: 'instances?sort=-since',
  byName: 'instances?sort=name',
  byState: 'instances?sort=state,-since',
  byNextAttempt: 'instances?sort=nextAttemptAt',
  mostRows: 'instances?limit=500&sort=-since',
  failed: 'instances?state=failed',
  failedNewest: 'instances?state=failed,lost&sort=-since',
  joinedByName: 'instances?state=joined&sort=name',
  cause: 'instances?cause=ec2-join-failure&sort=-since',
  region: 'instances?region=eu-west-3&sort=-since',
  account: 'instances?account=100000000007&sort=name',
  unit: 'instances?unit=ou-root-3',
  owner: 'instances?owner=host-owner&sort=-since',
  wave: 'instances?wave=first&state=joined&sort=name',
  platform: 'instances?platform=Ubuntu&sort=-attempts',
  searchName: 'instances?q=web-cache-77',
  searchMany: 'instances?q=web&sort=-since',
  searchNothing: 'instances?q=nothing-is-called-so',
  searchId: 'instances?q=i-0a1b2',
  searchAccount: 'instances?q=prod-77',
  searchFailed: 'instances?q=web&state=failed&sort=name',
  tag: 'instances?tag=team=web',
  accounts: 'accounts',
  accountsWorst: 'accounts?sort=-failed',
  accountsSearched: 'accounts?q=prod-7&unit=ou-root-7',
  units: 'units',
  targets: 'targets?sort=-failed',
  map: 'coverage-map',
};

/** Lists, filters, searches and sums by the API of a real scheduler, over a ledger as large as a large organization's. */
export const answers: Benchmark = {
  name: 'answers',
  about:
    'A scheduler answers lists of 1,000 accounts × 17 regions × 100,000 instances (`--large`: also 1,000,000), its Redis 1 ms away.',
  run,
};

async function run({ quick, large }: BenchOptions): Promise<Measured> {
  const small = quick
    ? { accounts: 50, regions: 17, instances: 5_000 }
    : { accounts: 1_000, regions: 17, instances: 100_000 };
  const figures = await measure(small, quick ? 3 : 20);
  const more = large ? await measure({ ...small, instances: 1_000_000 }, 10) : {};
  return {
    figures: { ...figures, ...prefixed('million', more) },
    baseline: {},
    ratios: {},
    must: [
      { of: 'slowestListP95Ms', atMost: 100 },
      { of: 'firstPageMs', atMost: 1_500 },
      { of: 'statusMs', atMost: 250 },
      { of: 'updateVisibleMs', atMost: 2_000 },
      { of: 'rebuildMs', atMost: 10_000 },
      { of: 'schedulerPeakRssMb', atMost: 400 },
      { of: 'twentyPagesShare', atMost: 0.1 },
      ...(large
        ? [
            { of: 'millionSlowestListP95Ms', atMost: 250 },
            { of: 'millionFirstPageMs', atMost: 1_500 },
            { of: 'millionStatusMs', atMost: 250 },
            { of: 'millionUpdateVisibleMs', atMost: 2_000 },
            { of: 'millionRebuildMs', atMost: 90_000 },
            { of: 'millionSchedulerPeakRssMb', atMost: 1_536 },
          ]
        : []),
    ],
    notes: [
      'A list is asked for one after the other, 20 times each; its figure is the 95th percentile, over loopback and with its JSON. `…CpuMs` is the scheduler’s CPU for one answer, and `startCpuMs` for its start with the rebuild: on a busy machine they say more than times. `firstPageMs` is the longest of five waits from the console’s address to its first figure, in a Chromium that has nothing of the page yet; `statusMs` the longest of ten runs of `muster status`, from start to end. `updateVisibleMs` is the longest of 20 waits from a write to the list that shows it.',
    ],
  };
}

async function measure(size: LedgerSize, times: number): Promise<Record<string, number>> {
  const world = await startWorld({ accounts: 1, regions: 1, instances: 1 });
  const muster = await startMuster({ world, workers: 0, redisDelayMs: REDIS_DELAY_MS });
  try {
    const targets = await fillLedger(muster, size);
    muster.begin();
    const url = await builtAt(muster);
    const usage = (): ReturnType<typeof readUsage> => readUsage(muster.scheduler()?.pid ?? 0);
    const startCpuMs = usage().cpuMs;
    const lists: Record<string, number> = {};
    const cpu: Record<string, number> = {};
    for (const [name, path] of Object.entries(LISTS)) {
      const before = usage().cpuMs;
      lists[`${name}P95Ms`] = await p95(url, path, times);
      cpu[`${name}CpuMs`] = (usage().cpuMs - before) / times;
    }
    const { peakRssMb } = usage();
    return {
      slowestListP95Ms: Math.max(...Object.values(lists)),
      slowestListCpuMs: Math.max(...Object.values(cpu)),
      firstPageMs: await slowestFirstPage(new URL('/', url).href, FIRST_PAGES),
      statusMs: await slowestStatus(muster, STATUSES),
      updateVisibleMs: await slowestUpdate(muster, url, targets),
      rebuildMs: rebuildMsOf(muster),
      startCpuMs,
      schedulerPeakRssMb: peakRssMb,
      exportMs: await exported(url, size.instances),
      twentyPagesShare: await shareOfOpenPages(muster, url, targets),
      ...lists,
      ...cpu,
    };
  } finally {
    await muster.close();
    await world.close();
  }
}

/** Waits until the scheduler has all rows. @returns where its API is */
async function builtAt(muster: MusterRun): Promise<string> {
  const started = await eventually(
    'the scheduler has its rows',
    () => lineOf(muster, 'the read model agrees with the ledger') && lineOf(muster, 'scheduler started'),
    BUILT_WITHIN_MS,
  );
  return `${String(started['url'])}/api/v1/`;
}

function rebuildMsOf(muster: MusterRun): number {
  const begun = lineOf(muster, 'the read model is compared with the ledger');
  const ended = lineOf(muster, 'the read model agrees with the ledger');
  return timeOf(ended) - timeOf(begun);
}

type LogLine = Readonly<Record<string, unknown>>;

/** The first line of the scheduler's log with this message. */
function lineOf(muster: MusterRun, message: string): LogLine | null {
  const found = (muster.scheduler()?.log() ?? '').split('\n').find((line) => line.includes(message));
  return found === undefined ? null : (JSON.parse(found) as LogLine);
}

function timeOf(line: LogLine | null): number {
  return new Date(line?.['time'] as string | number).getTime();
}

async function p95(url: string, path: string, times: number): Promise<number> {
  const tookMs: number[] = [];
  for (let n = 0; n < times; n += 1) {
    const startedAt = performance.now();
    await ask(url, path);
    tookMs.push(performance.now() - startedAt);
  }
  return tookMs.toSorted((a, b) => a - b)[Math.ceil(times * 0.95) - 1] ?? Number.NaN;
}

async function ask(url: string, path: string): Promise<unknown> {
  const response = await fetch(url + path);
  const body = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${body.slice(0, 300)}`);
  return JSON.parse(body);
}

/** How long the CSV of everything takes. Throws when it has not a line for each instance. */
async function exported(url: string, instances: number): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}instances.csv`);
  const lines = (await response.text()).split('\r\n').length - 2;
  if (!response.ok || lines !== instances) throw new Error(`the export has ${lines} lines of ${instances}`);
  return performance.now() - startedAt;
}

/** Writes to one instance after the other, and looks for each until its list shows the write. */
async function slowestUpdate(muster: MusterRun, url: string, targets: readonly Target[]): Promise<number> {
  let slowestMs = 0;
  for (let n = 0; n < UPDATES; n += 1) {
    const target = targets[Math.floor((n * targets.length) / UPDATES)];
    if (target === undefined) continue;
    const [record] = [...(await muster.ledger.enrollments.readAll(target)).values()];
    if (record === undefined || record.value.state === 'unknown') continue;
    const id = InstanceId.parse(record.value.instanceId);
    const wave = `update-${n}`;
    const change = { instanceId: id, expected: record.version, value: { ...record.value, wave } };
    const writtenAt = performance.now();
    await muster.ledger.enrollments.write(target, 'each', [change], []);
    await eventually('the list shows it', async () => {
      const { items } = InstancesPage.parse(await ask(url, `instances?q=${id}`));
      return items[0]?.wave === wave;
    });
    slowestMs = Math.max(slowestMs, performance.now() - writtenAt);
  }
  return slowestMs;
}

function prefixed(prefix: string, figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      `${prefix}${name[0]?.toUpperCase()}${name.slice(1)}`,
      value,
    ]),
  );
}
