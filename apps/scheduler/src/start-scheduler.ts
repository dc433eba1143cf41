import { installationOf } from '@muster/core/config/installation-id';
import type { MusterConfig } from '@muster/core/config/model';
import { findingOfReload, resultOfReload, type ConfigReload } from '@muster/core/config/reload';
import { createClockLedger } from '@muster/core/control/clock-store';
import { createRedisLedger } from '@muster/core/control/ledger';
import { reportFindings } from '@muster/core/control/standing-findings';
import { noteReload } from '@muster/core/control/audit/own-acts';
import { holdLedger } from '@muster/core/control/keep-owner';
import type { LedgerClock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { boardQueues, createJobQueue } from '@muster/core/jobs/queue/enqueue';
import { awaitRedis, closeRedis, createRedis } from '@muster/core/redis/connection';
import { requireSafeRedis } from '@muster/core/redis/server-check';
import { createKeys } from '@muster/core/redis/keys';
import { watchClock } from '@muster/core/runtime/clock-watch';
import { createMetrics, createReloadMetrics } from '@muster/core/runtime/metrics';
import { createStartSteps, processName } from '@muster/core/runtime/start-steps';
import type { Tracing } from '@muster/core/tracing/tracing';
import { createHttpApp } from './http/app.ts';
import { listen } from './http/listen.ts';
import { watchRedis } from './recurring-findings.ts';
import { startReadModel } from './read-model/read-model.ts';
import { createRunningConfig } from './running-config.ts';
import { createTickHandler } from './scheduler-tick.ts';
import { keepTicking } from './tick.ts';
import { createHistoryKeeper } from './keep-history.ts';
import { startNotifications } from './notify/start-notifications.ts';

/** Real time between two ticks. What falls due is handed out this much later at worst. */
const TICK_MS = 1_000;
/** A simulated hour is short: the demo ticks faster. */
const FAST_TICK_MS = 200;
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
  /** @default none */
  readonly tracing?: Tracing;
}): Promise<RunningProcess> {
  const { config, clock, log } = deps;
  const { prefix } = config.redis;
  const running = createRunningConfig(config, clock);
  const { current, redact } = running;
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
    configuration: current,
    takenUpAtMs: running.takenUpAtMs,
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
  const handleTick = createTickHandler({ current, ledger, queue, clock, log });
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
    current,
    ledger,
    connection: patient,
    redact,
    metrics,
    tracing: deps.tracing,
    clock,
    log,
  });
  log.info({ url: server.url }, 'scheduler started');
  return {
    url: server.url,
    reconfigure: async (reload) => {
      if (running.takeUp(reload)) server.renew(current().console.tls);
      await keeper.follow(installationOf(current()));
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
