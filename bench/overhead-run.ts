/**
 * How many jobs a second one process gets through, on the Redis that REDIS_URL names. A program of its own:
 * `node overhead-run.ts empty|scan JOBS`; prints one line of JSON. `scan` runs the real handler on the real ledger and
 * queue, with an AWS that answers six unchanged instances at once; `empty` is BullMQ with a function that does nothing.
 */
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { Secret } from '@muster/core/config/secret';
import { parseTargetId, targetId, type Target } from '@muster/core/organization/target';
import type { InstanceId, MatcherKey } from '@muster/core/organization/ids';
import type { Instance } from '@muster/core/scan/instance';
import { sealAccount, type Sealer } from '@muster/core/organization/account';
import { catalog, type Catalog } from '@muster/core/jobs/catalog';
import type { JobContext, ResultOf } from '@muster/core/jobs/define-job';
import { createJobQueue } from '@muster/core/jobs/queue/enqueue';
import { createJobMetrics } from '@muster/core/jobs/queue/job-metrics';
import { processJobs } from '@muster/core/jobs/queue/process-jobs';
import { createRedis } from '@muster/core/redis/connection';
import { createClock } from '@muster/core/runtime/clock';
import { createLogger } from '@muster/core/runtime/logger';
import { createMetrics } from '@muster/core/runtime/metrics';
import { createRedactor } from '@muster/core/runtime/redaction';
import type { HandlerDeps } from '@muster/worker/deps';
import { handleScanTarget } from '@muster/worker/scan/scan-target';
import { createTimings } from '@muster/worker/timings';
import { OFFLINE_FACTS, parsedSystemConfig } from '@muster/testing/system-config';
// oxlint-disable-next-line no-restricted-imports -- the baseline is BullMQ without us
import { Queue, Worker } from 'bullmq';

/** A worker's own, as configured by default. */
const CONCURRENCY = 200;
const INSTANCES = 6;
const PREFIX = 'overhead';
const INSTALLATION = 'abcdefabcdef';
const NOW_MS = Date.now();

const kind = process.argv[2] ?? 'scan';
const jobs = Number(process.argv[3] ?? 5_000);
const url = process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379';
// Written, as in a worker, but to a place that no process reads.
const log = createLogger({ name: 'bench', level: 'info' });
const connect = (name: string, profile: 'patient' | 'fail-fast') =>
  createRedis({ url: new Secret(url), prefix: PREFIX, profile, name, log });

const targets = Array.from(
  { length: jobs },
  (_, n): Target => parseTargetId(`${100_000_000_000 + Math.floor(n / 17)}.eu-west-${(n % 17) + 1}`),
);

/** Time and CPU from the first job to the last. */
async function measure(run: (onDone: () => void) => Promise<void>): Promise<void> {
  const done = Promise.withResolvers<void>();
  let left = jobs;
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await run(() => {
    left -= 1;
    if (left === 0) done.resolve();
  });
  await done.promise;
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - startedAt;
  process.stderr.write(
    `${JSON.stringify({ jobsPerSecond: (jobs / wallMs) * 1_000, cpuUsPerJob: (user + system) / jobs })}\n`,
  );
  process.exit(0);
}

async function empty(): Promise<void> {
  // BullMQ's own connection: what ours adds is part of what is measured.
  const { hostname, port } = new URL(url);
  const connection = { host: hostname, port: Number(port) };
  const queue = new Queue('empty', { connection, prefix: PREFIX });
  for (let at = 0; at < jobs; at += 500) {
    await queue.addBulk(targets.slice(at, at + 500).map((target) => ({ name: 'empty', data: { target } })));
  }
  await measure(async (onDone) => {
    const worker = new Worker('empty', () => Promise.resolve(null), {
      connection,
      prefix: PREFIX,
      concurrency: CONCURRENCY,
      removeOnComplete: { count: 500 },
    });
    worker.on('completed', onDone);
    await worker.waitUntilReady();
  });
}

/** What simulated AWS has, made before anything is measured: making it is not what a scan does. */
const answers = new Map<string, readonly Instance[]>();

function instancesOf(target: Target): readonly Instance[] {
  const id = targetId(target);
  const answer = answers.get(id) ?? makeInstances(target);
  answers.set(id, answer);
  return answer;
}

function makeInstances(target: Target): Instance[] {
  const account = Number(target.accountId) % 1_000_000;
  const region = Number(target.region.split('-')[2]);
  return Array.from({ length: INSTANCES }, (_, n) => ({
    instanceId: `i-0${(account * 1_000 + region * 10 + n).toString(16).padStart(16, '0')}` as InstanceId,
    ownerId: target.accountId,
    state: 'running',
    platform: 'other',
    tags: { env: 'prod' },
    launchedAtMs: NOW_MS - 86_400_000,
    hasInstanceProfile: true,
  }));
}

/** Accounts, targets and their joined instances, as earlier sweeps leave them. */
async function knowTargets(ledger: Ledger, matcherKey: MatcherKey, sealer: Sealer): Promise<void> {
  const byAccount = Map.groupBy(targets, (target) => target.accountId);
  await ledger.coverage.putAccounts(
    [...byAccount.keys()].map((accountId) =>
      sealAccount({ accountId, name: '', state: 'ACTIVE', ancestorIds: ['r-root'] }, NOW_MS, sealer),
    ),
  );
  for (const [accountId, own] of byAccount) {
    await ledger.coverage.putRegions(
      accountId,
      own.map((target) => target.region),
      NOW_MS,
    );
  }
  for (const target of targets) {
    const changes = instancesOf(target).map(({ instanceId, launchedAtMs }) => ({
      instanceId,
      expected: 0,
      value: {
        instanceId,
        matcherKey,
        firstSeenAtMs: NOW_MS,
        changedAtMs: NOW_MS,
        launchedAtMs,
        joinedAtMs: NOW_MS,
        failures: 0,
        attemptCount: 0,
        attempts: [],
        state: 'joined' as const,
        nodeId: '00000000-0000-4000-8000-000000000000',
      },
    }));
    await ledger.enrollments.write(target, 'each', changes, []);
  }
}

async function scan(): Promise<void> {
  const config = parsedSystemConfig(OFFLINE_FACTS, { muster: { redis: { prefix: PREFIX } } });
  const clock = createClock();
  const patient = connect('scan', 'patient');
  const ledger = createRedisLedger({ redis: connect('ledger', 'patient'), prefix: PREFIX, log });
  const queue = createJobQueue({ connection: connect('producer', 'fail-fast'), prefix: PREFIX });
  const matcher = config.matchers[0];
  if (matcher === undefined) throw new Error('no matcher');
  await knowTargets(ledger, matcher.key, { keys: config.markerKeys, installation: INSTALLATION });
  const metrics = createMetrics('bench');
  const firstLook: JobContext = {
    signal: new AbortController().signal,
    log,
    note: () => undefined,
    clock,
    attempt: 1,
    jobId: 'first-look',
  };
  let isMeasured = false;
  // Whatever else a handler would call is not there, and would be missed loudly.
  const deps = {
    config,
    installation: INSTALLATION,
    timings: createTimings(config),
    clock,
    ledger,
    instances: {
      async *listInstances(target: Target) {
        yield await Promise.resolve(instancesOf(target));
      },
    },
    enqueue: () => (isMeasured ? Promise.reject(new Error('nothing is to be enqueued')) : Promise.resolve()),
    newId: () => '',
    random: () => 0,
    redact: createRedactor(),
  } as unknown as HandlerDeps;
  // Read once before, as an unchanged target has been: labels and whatever else a first look leaves behind are there.
  for (let at = 0; at < targets.length; at += CONCURRENCY) {
    const some = targets.slice(at, at + CONCURRENCY);
    await Promise.all(some.map((target) => handleScanTarget({ target }, firstLook, deps)));
    // More labels than some may not wait: they are written as `write-labels` would.
    if (at % (10 * CONCURRENCY) === 0) await writeLabels(ledger);
  }
  await writeLabels(ledger);
  isMeasured = true;
  await queue.enqueueMany(
    catalog['scan-target'],
    targets.map((target) => ({ target })),
  );
  type ScanOutcome = ResultOf<Catalog['scan-target']>;
  const handleScan = async (
    payload: { readonly target: Target },
    ctx: JobContext,
    onDone: () => void,
  ): Promise<ScanOutcome> => {
    const result = await handleScanTarget(payload, ctx, deps).catch(giveUp);
    if (result.changed !== 0 || result.seen !== INSTANCES) giveUp(new Error('not what was expected'));
    onDone();
    return result;
  };
  await measure((onDone) => {
    processJobs({
      connection: patient,
      prefix: PREFIX,
      queue: 'discovery',
      jobs: { 'scan-target': catalog['scan-target'] },
      handlers: {
        'scan-target': (payload: { readonly target: Target }, ctx: JobContext) =>
          handleScan(payload, ctx, onDone),
      },
      concurrency: CONCURRENCY,
      log,
      clock,
      redact: createRedactor(),
      metrics: createJobMetrics(metrics, catalog),
    });
    return Promise.resolve();
  });
}

/** Teleport was given every label that waits, for longer than the benchmark lasts. */
async function writeLabels({ labels }: Ledger): Promise<void> {
  for (;;) {
    const waiting = await labels.take(2_000);
    if (waiting.length === 0) return;
    await labels.noteWritten(waiting.map((one) => ({ waiting: one, expiresAtMs: NOW_MS + 86_400_000 })));
  }
}

/** A job that fails would be tried again, and never be missed. */
function giveUp(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}

await (kind === 'empty' ? empty() : scan());
