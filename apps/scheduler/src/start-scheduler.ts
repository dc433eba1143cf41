import { installationOf } from '@muster/core/config/installation-id';
import type { MusterConfig } from '@muster/core/config/model';
import { findingOfReload, resultOfReload, type ConfigReload } from '@muster/core/config/reload';
import { secretsOf } from '@muster/core/config/secrets';
import { createClockLedger } from '@muster/core/control/clock-store';
import { createRedisLedger, type Ledger } from '@muster/core/control/ledger';
import { reportFindings } from '@muster/core/control/standing-findings';
import { noteReload } from '@muster/core/control/audit/own-acts';
import { holdLedger } from '@muster/core/control/keep-owner';
import type { Clock, LedgerClock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { boardQueues, createJobQueue, type JobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { requireSafeRedis } from '@muster/core/redis/server-check';
import { createKeys } from '@muster/core/redis/keys';
import { watchClock } from '@muster/core/runtime/clock-watch';
import { createMetrics, createReloadMetrics } from '@muster/core/runtime/metrics';
import { createStartSteps, processName } from '@muster/core/runtime/start-steps';
import { createRedactor } from '@muster/core/runtime/redaction';
import { createHttpApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { reviewChange } from '@muster/core/control/review-change';
import { moveRamps } from '@muster/core/rollout/ramp/run-ramps';
import { reportBlockedCaps, reportSetAside, watchRedis } from './recurring-findings.ts';
import { createAuditExport } from './audit/export-audit.ts';
import { startReadModel } from './read-model/read-model.ts';
import { keepTicking, tick } from './tick.ts';
import { createHistoryKeeper } from './keep-history.ts';
import { startNotifications } from './notify/start-notifications.ts';
import { createWaveWatch } from './watch-waves.ts';

/** Real time between two ticks. What falls due is handed out this much later at worst. */
const TICK_MS = 1_000;
/** A simulated hour is short: the demo ticks faster. */
const FAST_TICK_MS = 200;
const REPORT_MS = 30_000;
/** How late a bucket of history may begin. */
const HISTORY_MS = 2_000;
/** The patient connection stands by then; the other follows within its own reconnecting. */
const REDIS_WAIT_MS = 30_000;

export interface RunningProcess {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Tells it of a change of its configuration. */
  reconfigure(reload: ConfigReload): Promise<void>;
  /** Rejects with `config.invalid` when the ledger has become another installation's; never resolves. */
  readonly lost: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Starts a scheduler: the tick and the console. Any number may run against one Redis. Refuses a Redis that could lose
 * what it is given (`config.unsafe`), and waits for one that is not there yet.
 */
export async function startScheduler(deps: {
  readonly config: MusterConfig;
  readonly clock: LedgerClock;
  readonly log: Logger;
}): Promise<RunningProcess> {
  const { config, clock, log } = deps;
  const { prefix } = config.redis;
  let current = config;
  let takenUpAtMs: number | null = null;
  const redact = createRedactor(secretsOf(config));
  const patient = createRedis({ ...config.redis, profile: 'patient', name: 'muster-scheduler', log });
  const hasty = createRedis({ ...config.redis, profile: 'fail-fast', name: 'muster-console', log });
  const ledger = createRedisLedger({ redis: patient, prefix, log });
  const queue = createJobQueue({ connection: hasty, prefix, clock });
  const metrics = createMetrics('scheduler');
  const boards = boardQueues(hasty, prefix);
  const countReload = createReloadMetrics(metrics);
  const readModel = startReadModel({ redis: config.redis, clock, log });
  const app = createHttpApp({
    config,
    ledger: createRedisLedger({ redis: hasty, prefix, log }),
    readModel,
    redis: hasty,
    prefix,
    queues: boards,
    jobQueue: queue,
    metrics,
    redact,
    configuration: () => current,
    takenUpAtMs: () => takenUpAtMs,
    clock,
    log,
  });
  const start = createStartSteps();
  for (const redis of [patient, hasty]) start.opened(() => closeRedis(redis));
  start.opened(() => readModel.close());
  const server = await start.step(listen(app, config.console));
  start.opened(() => server.close());
  await start.step(requireSafeRedis(patient, prefix, log));
  // A fail-fast connection refuses what is asked before it stands.
  await start.step(awaitRedis(hasty, clock, REDIS_WAIT_MS));
  const clocks = createClockLedger({ redis: hasty, keys: createKeys(prefix) });
  // From here on the process has Redis's time.
  const watch = await start.step(watchClock({ clocks, clock, name: processName(), part: 'scheduler', log }));
  start.opened(() => watch.close());
  const keeper = await start.step(holdLedger(ledger.owner, installationOf(config), clock));
  const redisWatch = watchRedis({ control: ledger.control, redis: hasty, prefix, clock, log });
  for (const one of [keeper, redisWatch]) start.opened(async () => one.close());
  const handleTick = createTickHandler({ current: () => current, ledger, queue, clock, log });
  const ticking = keepTicking({
    tick: handleTick,
    everyMs: config.speed > 1 ? FAST_TICK_MS : TICK_MS,
    clock,
    log,
  });
  // By a timer of its own: what it reads of a large organization holds up no tick.
  const history = keepTicking({
    tick: createHistoryKeeper({ ledger, clock, speed: config.speed }),
    everyMs: HISTORY_MS,
    clock,
    log,
  });
  const notifications = startNotifications({
    current: () => current,
    ledger,
    connection: patient,
    metrics,
    clock,
    log,
  });
  log.info({ url: server.url }, 'scheduler started');
  return {
    url: server.url,
    reconfigure: async (reload) => {
      if (reload.kind === 'valid' && reload.config !== null) {
        current = reload.config;
        server.renew(current.console.tls);
        takenUpAtMs = clock.now();
      }
      await keeper.follow(installationOf(current));
      await reportFindings(ledger.control, findingOfReload(reload, clock.now()));
      await noteReload(ledger.audit, reload, clock.now());
      countReload(resultOfReload(reload));
    },
    lost: keeper.lost,
    stop: async () => {
      keeper.close();
      redisWatch.close();
      await server.close();
      // Side by side: each waits for Redis, which may say nothing.
      await Promise.all([
        watch.close(),
        ticking.close(),
        history.close(),
        notifications.close(),
        readModel.close(),
      ]);
      await Promise.all(boards.map((board) => board.close()));
      await queue.close();
      await Promise.all([closeRedis(patient), closeRedis(hasty)]);
    },
  };
}

/** A tick, and now and then a look at what only the ledger as a whole shows. */
function createTickHandler(deps: {
  readonly current: () => MusterConfig;
  readonly ledger: Ledger;
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly log: Logger;
}): () => Promise<Record<string, number>> {
  const { ledger, queue, clock, log } = deps;
  let reportedAtMs = 0;
  const watchWaves = createWaveWatch({ ledger, clock });
  const exportAudit = createAuditExport({ ledger, clock, log, holder: processName() });
  return async () => {
    // First: a sweep that this tick starts reads by the waves that are in force.
    await watchWaves(deps.current().rollout.waves);
    const given = await tick({
      config: deps.current(),
      ledger,
      clock,
      log,
      enqueue: queue.enqueueMany,
      waiting: async (name) => (await queue.counts())[name].waiting,
    });
    await reviewChange(ledger, deps.current(), clock);
    // The worker moves a ramp on when a host ends; this, when a kill or a lost job kept it from that.
    await moveRamps({ ledger, config: deps.current(), nowMs: clock.now() });
    await exportAudit(deps.current().audit);
    if (clock.now() - reportedAtMs >= REPORT_MS) {
      reportedAtMs = clock.now();
      await reportSetAside(ledger, clock.now());
      await reportBlockedCaps(ledger, deps.current(), clock.now());
    }
    return given;
  };
}
