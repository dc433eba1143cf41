import express, { type ErrorRequestHandler, type Express } from 'express';
import type { MusterConfig } from '@muster/core/config/model';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import { checkRedis } from '@muster/core/redis/server-check';
import { createRedactor, type Redact } from '@muster/core/runtime/redaction';
import { isLoopback } from '@muster/core/runtime/request-origin';
import { createCachedRead } from '../console/cached-read.ts';
import { createConsoleRoutes } from '../console/console-routes.ts';
import { readSnapshot } from '../console/console-view.ts';
import { requirePassword } from './basic-auth.ts';
import { createHealthRoutes } from './health.ts';
import { type Registry, registerLedgerMetrics } from './ledger-metrics.ts';
import { refuseCrossSite, requireLoopbackHost } from './origin-check.ts';
import { createPasswordTries } from './password-tries.ts';
import { BOARD_PATH, type BoardQueue, createQueueBoard } from './queue-board.ts';
import { refuseWrites } from './read-only.ts';
import { redactAnswers } from './redacted-answers.ts';
import { consoleHeaders } from './security-headers.ts';
import type { Ledger } from '@muster/core/control/ledger';

export interface HttpDeps {
  readonly config: Pick<MusterConfig, 'console' | 'proxyServer' | 'discoveryGroup' | 'pollIntervalMs'>;
  /** On a fail-fast connection: a visitor waits for every answer. */
  readonly ledger: Ledger;
  /** As `boardQueues` of core makes them, on a fail-fast connection. */
  readonly queues: readonly BoardQueue[];
  readonly jobQueue: Pick<JobQueue, 'counts'>;
  /** Asked by `/readyz`; fail-fast as well. */
  readonly redis: Parameters<typeof checkRedis>[0];
  /** Of the keys in it. */
  readonly prefix: string;
  /** What `/metrics` tells. The figures of the ledger are added to it: give it to one app only. */
  readonly metrics: Registry;
  /** Cleans every JSON answer. @default a redactor that knows secrets by their form only */
  readonly redact?: Redact;
  readonly clock: Clock;
  readonly log: Logger;
}

/** However many look, the ledger is read once in this time. */
const STATUS_INTERVAL_MS = 1_000;

/**
 * The scheduler's web side: console at `/`, Bull Board at `/queues`, `/healthz`, `/readyz`, `/metrics`. It only shows:
 * no route changes anything. When a password is set, only the two health checks go without it.
 */
export function createHttpApp(deps: HttpDeps): Express {
  const { config, ledger, clock, log } = deps;
  const { host, password } = config.console;
  const read = createCachedRead({
    read: () => readSnapshot(ledger, clock.now()),
    clock,
    minIntervalMs: STATUS_INTERVAL_MS,
  });
  registerLedgerMetrics({
    registry: deps.metrics,
    readSnapshot: read,
    ledger,
    countQueues: () => deps.jobQueue.counts(),
    clock,
  });

  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(consoleHeaders());
  if (isLoopback(host)) app.use(requireLoopbackHost(host));
  app.use(refuseCrossSite);
  app.use(refuseWrites);
  app.use(createHealthRoutes({ checkRedis: () => checkRedis(deps.redis, deps.prefix), clock }));
  // Without a password only this machine's browsers are meant, also in a container whose port is published on loopback.
  // Health checks come from elsewhere there.
  if (password === null) app.use(requireLoopbackHost(host));
  if (password !== null) {
    app.use(requirePassword(password, createPasswordTries({ clock, log, metrics: deps.metrics })));
  }
  app.get('/metrics', async (_request, response) => {
    response.type(deps.metrics.contentType).send(await deps.metrics.metrics());
  });
  app.use(redactAnswers(deps.redact ?? createRedactor()));
  app.use(BOARD_PATH, createQueueBoard(deps.queues));
  app.use(createConsoleRoutes({ settings: config, ledger, readSnapshot: read, clock, log }));
  app.use((_request, response) => {
    response.status(404).json({ error: 'There is nothing here.' });
  });
  app.use(answerFailure(log));
  return app;
}

/** Express knows this shape by its four parameters. */
function answerFailure(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    // What a client got wrong (a broken URL) carries its own status; the rest is ours.
    const status = clientErrorOf(error);
    if (status === null) log.error({ err: error, path: request.path }, 'a request failed');
    response
      .status(status ?? 500)
      .json({ error: status === null ? 'The request failed; the log says why.' : 'Bad request.' });
  };
}

function clientErrorOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500 ? error.status : null;
}
