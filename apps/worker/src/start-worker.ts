import { createAwsAdapter } from '@muster/core/aws/adapter';
import { messageOf } from '@muster/core/runtime/errors';
import { createConfigRedactor } from '@muster/core/config/config-redactor';
import { installationId, installationOf } from '@muster/core/config/installation-id';
import type { MusterConfig } from '@muster/core/config/model';
import { createReloadMetrics, createMetrics } from '@muster/core/runtime/metrics';
import { findingOfReload, resultOfReload, type ConfigReload } from '@muster/core/config/reload';
import { catalog } from '@muster/core/jobs/catalog';
import { noteReload } from '@muster/core/control/audit/own-acts';
import { holdLedger, type OwnerKeeper } from '@muster/core/control/keep-owner';
import { createRedisLedger } from '@muster/core/control/ledger';
import { createClockLedger } from '@muster/core/control/clock-store';
import { NO_TRACING, type Tracing } from '@muster/core/tracing/tracing';
import { createReportLedger } from '@muster/core/reports/report-store';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createJobQueue } from '@muster/core/jobs/queue/enqueue';
import { createJobMetrics } from '@muster/core/jobs/queue/job-metrics';
import { processJobs, type JobProcess } from '@muster/core/jobs/queue/process-jobs';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { createKeys } from '@muster/core/redis/keys';
import { checkRedis, requireSafeRedis } from '@muster/core/redis/server-check';
import { type HealthServer, type Readiness, startHealthServer } from '@muster/core/runtime/health';
import { watchClock } from '@muster/core/runtime/clock-watch';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import { randomShare } from '@muster/core/runtime/clock';
import { createStartSteps, processName } from '@muster/core/runtime/start-steps';
import { createTeleportAdapter } from '@muster/core/teleport/adapter';
import { ulid } from 'ulid';
import { createAwsCallLog } from './aws-call-log.ts';
import type { HandlerDeps } from './deps.ts';
import { bindHandlers } from './handlers.ts';
import { createLeftBehindReport } from './control/left-behind.ts';
import { reportMarkerKey } from './control/marker-findings.ts';
import { createSeenEpochs } from './control/seen-epochs.ts';
import { createSentCommands } from './install/sent-commands.ts';
import { createSendOutlook } from './rollout/send-permission.ts';
import { reportFindings } from '@muster/core/control/standing-findings';
import { wakeByConfig } from './enrollment/wake-by-config.ts';
import { createTimings } from './timings.ts';

const GREETING_MS = 10_000;
/** The patient connection is up by then; the other one reconnects by itself. */
const REDIS_WAIT_MS = 30_000;

export interface RunningProcess {
  readonly url: string;
  /** Tells it of a change of its configuration. Jobs under way end with the one they began with. */
  reconfigure(reload: ConfigReload): Promise<void>;
  /** Rejects with `config.invalid` when the ledger has become another installation's; never resolves. */
  readonly lost: Promise<never>;
  /** Finishes what is under way, or hands it back when the configured time is over. */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly config: MusterConfig;
  readonly clock: LedgerClock;
  readonly log: Logger;
  /** @default none */
  readonly tracing?: Tracing;
  /** Whether this process ends when nothing is in flight: what fails then waits for a later run. */
  readonly once?: boolean;
}

/** Starts a worker: one BullMQ worker per queue, around one set of handlers. Any number may run against one Redis. */
export async function startWorker(options: WorkerOptions): Promise<RunningProcess> {
  const { config, clock, log, tracing = NO_TRACING } = options;
  const markerKeys = (): MusterConfig['markerKeys'] => deps.config.markerKeys;
  const { prefix } = config.redis;
  const { redact, learn } = createConfigRedactor(config);
  const patient = createRedis({ ...config.redis, profile: 'patient', name: 'muster-worker', log });
  // A connection of its own: Redis works on one connection's commands while we read the other's answers.
  const records = createRedis({ ...config.redis, profile: 'patient', name: 'muster-worker-ledger', log });
  const hasty = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-worker-producer', log });
  const metrics = createMetrics('worker');
  const start = createStartSteps();
  for (const redis of [patient, records, hasty]) start.opened(() => closeRedis(redis));
  let isStopping = false;
  const health = await start.step(
    startHealth(config, { metrics, clock }, async () => ({
      redis: await redisTrouble(hasty, prefix),
      stopping: isStopping ? 'this worker takes no more jobs' : null,
    })),
  );
  start.opened(() => health.close());
  await start.step(requireSafeRedis(patient, prefix, log));
  // A fail-fast connection refuses commands until it is up.
  await start.step(awaitRedis(hasty, clock, REDIS_WAIT_MS));
  const clocks = createClockLedger({ redis: hasty, keys: createKeys(prefix) });
  // From here on the process has Redis's time.
  const watch = await start.step(watchClock({ clocks, clock, name: processName(), part: 'worker', log }));
  start.opened(() => watch.close());
  const ledger = createRedisLedger({ redis: records, prefix, log, pacing: config.pacing, markerKeys });
  const keeper = await start.step(holdLedger(ledger.owner, installationOf(config), clock));
  start.opened(async () => keeper.close());
  const calls = createAwsCallLog({ ledger, metrics, log, clock });
  const aws = awsOf(config, { clock, log, observe: calls.observe, tracing });
  const queue = createJobQueue({ connection: hasty, prefix, clock, tracing });
  const enqueue = queue.enqueueMany;
  const timings = createTimings(config);
  let deps: HandlerDeps = {
    config,
    installation: installationId(config),
    timings,
    clock,
    ledger,
    organization: aws,
    accounts: aws,
    instances: aws,
    hostManagement: aws,
    commands: aws,
    teleport: createTeleportAdapter({ proxyServer: config.proxyServer, inventory: config.inventory }),
    preflight: aws,
    reports: createReportLedger({ redis: records, keys: createKeys(prefix) }),
    enqueue,
    tracing,
    sent: createSentCommands(),
    sendOutlook: createSendOutlook({ config, ledger, clock, timings }),
    // A batch's id has the time by which AWS must date its command.
    newId: () => ulid(clock.now() + aws.awsAheadMs()),
    seenEpochs: createSeenEpochs(clock),
    random: randomShare,
    redact,
    leaveFailedSinceMs: options.once === true ? clock.now() : null,
  };
  const leftBehind = createLeftBehindReport({ control: ledger.control, clock, log });
  const shared = {
    connection: patient,
    prefix,
    log,
    clock,
    redact,
    metrics: createJobMetrics(metrics, catalog),
    tracing,
    onLeftBehind: leftBehind.tell,
  };
  start.opened(() => calls.close());
  // Before the first job is taken: a start that fails leaves no worker at work.
  await start.step(beginWithConfig(deps));
  const queues = startQueues(config, () => deps, shared);
  const countReload = createReloadMetrics(metrics);
  void greetCluster(deps, log);
  log.info({ url: health.url }, 'worker started');
  return {
    url: health.url,
    reconfigure: async (reload) => {
      learn(reload);
      if (reload.kind === 'valid' && reload.config !== null) {
        deps = withConfig(deps, reload.config);
        await takeUp(deps, keeper);
      }
      await reportFindings(ledger.control, findingOfReload(reload, clock.now()));
      await noteReload(ledger.audit, reload, clock.now());
      countReload(resultOfReload(reload));
    },
    lost: keeper.lost,
    stop: async () => {
      isStopping = true;
      keeper.close();
      await Promise.all([watch.close(), ...queues.map((one) => one.close(config.worker.shutdownMs))]);
      await calls.close();
      await health.close();
      await queue.close();
      aws.close();
      await Promise.all([patient, records, hasty].map(closeRedis));
    },
  };
}

/** Tells the ledger of a changed configuration. */
async function takeUp(deps: HandlerDeps, keeper: Pick<OwnerKeeper, 'follow'>): Promise<void> {
  await keeper.follow(installationOf(deps.config));
  await reportMarkerKey(deps);
  await wakeByConfig(deps);
}

function startHealth(
  { worker }: MusterConfig,
  deps: Pick<Parameters<typeof startHealthServer>[0], 'metrics' | 'clock'>,
  readiness: () => Promise<Readiness>,
): Promise<HealthServer> {
  return startHealthServer({ ...deps, host: worker.host, port: worker.port, readiness });
}

/** The adapter that every call to AWS goes through. */
function awsOf(
  config: MusterConfig,
  deps: Pick<Parameters<typeof createAwsAdapter>[0], 'clock' | 'log' | 'observe' | 'tracing'>,
): ReturnType<typeof createAwsAdapter> {
  return createAwsAdapter({
    ...deps,
    partition: config.matchers[0]?.partition ?? 'aws',
    sessionName: installationId(config),
    random: randomShare,
  });
}

type Queue = 'discovery' | 'enrollment' | 'inventory';

/** One BullMQ worker per queue. */
function startQueues(
  { worker }: MusterConfig,
  current: () => HandlerDeps,
  shared: Omit<Parameters<typeof processJobs>[0], 'queue' | 'concurrency' | 'jobs' | 'handlers'>,
): readonly JobProcess[] {
  const handlers = bindHandlers(current);
  const start = (queue: Queue, concurrency: number): JobProcess =>
    processJobs<typeof catalog, Queue>({ ...shared, queue, concurrency, jobs: catalog, handlers });
  return [
    start('discovery', worker.discoveryConcurrency),
    start('enrollment', worker.enrollmentConcurrency),
    // Reading the inventory and writing labels, side by side: neither runs twice at once.
    start('inventory', 2),
  ];
}

/** The file was valid at the start, so earlier findings about it are over, unless another process raises them again. */
async function beginWithConfig(deps: HandlerDeps): Promise<void> {
  const begun = { kind: 'valid', config: null, restart: [] } as const;
  await reportFindings(deps.ledger.control, findingOfReload(begun, deps.clock.now()));
  await deps.ledger.control.clear('jobs-of-newer-release', 'all');
  await reportMarkerKey(deps);
  await wakeByConfig(deps);
}

/** Everything that is made from the configuration, made anew from another one. The installation, connections and clients stay. */
function withConfig(deps: HandlerDeps, config: MusterConfig): HandlerDeps {
  const timings = createTimings(config);
  return {
    ...deps,
    config,
    timings,
    teleport: createTeleportAdapter({ proxyServer: config.proxyServer, inventory: config.inventory }),
    sendOutlook: createSendOutlook({ config, ledger: deps.ledger, clock: deps.clock, timings }),
  };
}

/** What is wrong with Redis; null when nothing is. */
async function redisTrouble(redis: Parameters<typeof checkRedis>[0], prefix: string): Promise<string | null> {
  try {
    await checkRedis(redis, prefix);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

/** Says once which cluster the hosts will join, or that its proxy cannot be reached from here. Nothing waits for it. */
async function greetCluster(
  { teleport, config }: Pick<HandlerDeps, 'config' | 'teleport'>,
  log: Logger,
): Promise<void> {
  if (config.proxyServer === null) return;
  try {
    const cluster = await teleport.describeCluster(AbortSignal.timeout(GREETING_MS));
    log.info({ cluster: cluster.clusterName, version: cluster.serverVersion }, 'teleport cluster found');
  } catch (error) {
    log.warn(
      { proxy: config.proxyServer, reason: messageOf(error) },
      'teleport proxy cannot be reached from here',
    );
  }
}
