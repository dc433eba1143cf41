import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import { catalog } from '@muster/core/jobs/catalog';
import { createJobMetrics } from '@muster/core/jobs/queue/job-metrics';
import { processJobs } from '@muster/core/jobs/queue/process-jobs';
import type { createRedis } from '@muster/core/redis/connection';
import { randomShare } from '@muster/core/runtime/clock';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { createMetrics } from '@muster/core/runtime/metrics';
import type { Tracing } from '@muster/core/tracing/tracing';
import type { Redact } from '@muster/core/runtime/redaction';
import { keepTicking } from '../tick.ts';
import { createNotificationSender } from './send-notification.ts';
import { createFindingsWatch } from './watch-findings.ts';

const LOOK_MS = 5_000;
/** A simulated minute is short. */
const FAST_LOOK_MS = 1_000;
/** Messages at once: a channel that does not answer keeps no other waiting, since each has one under way at most. */
const CONCURRENCY = 20;
/** A message that is cut off is sent again by another scheduler. */
const CLOSE_MS = 2_000;

/**
 * Starts the two parts of notifications: the look at what stands, and the only jobs that a scheduler runs, which send. They
 * need no credentials of AWS, and nothing else waits for them.
 */
export function startNotifications(deps: {
  readonly current: () => MusterConfig;
  readonly ledger: Ledger;
  /** Patient. Stays open. */
  readonly connection: ReturnType<typeof createRedis>;
  readonly redact: Redact;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly tracing?: Tracing | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}): { close(): Promise<void> } {
  const { current, ledger, connection, clock, log } = deps;
  const { redis, speed } = current();
  const watching = keepTicking({
    tick: createFindingsWatch({ current, ledger, clock }),
    everyMs: speed > 1 ? FAST_LOOK_MS : LOOK_MS,
    clock,
    log,
  });
  const sending = processJobs<typeof catalog, 'notifications'>({
    connection,
    prefix: redis.prefix,
    queue: 'notifications',
    jobs: catalog,
    handlers: {
      'send-notification': createNotificationSender({ current, ledger, random: randomShare }),
    },
    concurrency: CONCURRENCY,
    log,
    clock,
    redact: deps.redact,
    metrics: createJobMetrics(deps.metrics, catalog),
    ...(deps.tracing === undefined ? {} : { tracing: deps.tracing }),
  });
  return {
    close: async () => {
      await Promise.all([watching.close(), sending.close(CLOSE_MS)]);
    },
  };
}
