import express, { type ErrorRequestHandler, type Express } from 'express';
import { Router } from 'express';
import { isOpenConsole, isReachedByTls } from '@muster/core/config/console-reach';
import type { MusterConfig } from '@muster/core/config/model';
import type { Ledger } from '@muster/core/control/ledger';
import type { JobQueue } from '@muster/core/jobs/queue/enqueue';
import { checkRedis } from '@muster/core/redis/server-check';
import { readServerInfo } from '@muster/core/redis/server-info';
import type { Clock } from '@muster/core/runtime/clock-port';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createRedactor, type Redact } from '@muster/core/runtime/redaction';
import { isLoopback } from '@muster/core/runtime/request-origin';
import { carriesToken } from '../access/api-tokens.ts';
import { createAccess } from '../access/create-access.ts';
import { askToSignIn, requireRole } from '../access/principal.ts';
import { trustsProxy } from '../access/proxy-addresses.ts';
import { createApi } from '../api/api-app.ts';
import { limitRate } from '../api/limit-rate.ts';
import { API_PATH } from '../api/route.ts';
import { API_ROUTES } from '../api/routes.ts';
import type { BoardQueue } from './bull-board.ts';
import { createCachedRead } from './cached-read.ts';
import { serveConsole } from '../console/serve-console.ts';
import { readSnapshot } from './snapshot.ts';
import { registerModelMetrics } from '../read-model/model-metrics.ts';
import type { ReadModel } from '../read-model/read-model.ts';
import { compressAnswers } from './compress-answers.ts';
import { registerLedgerMetrics, type Registry } from './ledger-metrics.ts';
import { sendProblem } from './problem.ts';
import { BOARD_PATH, createQueueBoard } from './queue-board.ts';
import { consoleHeaders, redactAnswers, refuseCrossSite, requireOwnHost } from './request-guards.ts';

export interface HttpDeps {
  /** As it listens. */
  readonly config: Pick<MusterConfig, 'console'>;
  /** The configuration as it is now. */
  readonly configuration: () => MusterConfig;
  /** When it was last changed; null since the start. @default null */
  readonly takenUpAtMs?: () => number | null;
  /** On a fail-fast connection: a visitor waits for every answer. */
  readonly ledger: Ledger;
  readonly readModel: ReadModel;
  /** As `boardQueues` of core makes them, on a fail-fast connection. */
  readonly queues: readonly BoardQueue[];
  readonly jobQueue: Pick<JobQueue, 'counts' | 'waitingSinceMs'>;
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

/** Several Prometheus servers scrape every second. */
const METRICS_LIMIT = { requests: 60, perSeconds: 10 };
/** Some pages of Bull Board open at once, with all that they load; each asks every few seconds then. */
const BOARD_LIMIT = { requests: 600, perSeconds: 10 };

/**
 * The scheduler's web side: console at `/`, Bull Board at `/queues`, sign-in at `/auth`, `/healthz`, `/readyz`, `/metrics`.
 * Behind the two health checks and the sign-in every route has a principal that may look; what changes something needs more:
 * see `access/create-access.ts`.
 */
export function createHttpApp(deps: HttpDeps): Express {
  const { config, ledger, clock, log } = deps;
  const { host } = config.console;
  const read = createCachedRead({
    read: () => readSnapshot(ledger, clock.now(), deps.configuration()),
    clock,
    minIntervalMs: STATUS_INTERVAL_MS,
  });
  registerLedgerMetrics({
    registry: deps.metrics,
    readSnapshot: read,
    ledger,
    countQueues: () => deps.jobQueue.counts(),
    queuesWaitSinceMs: () => deps.jobQueue.waitingSinceMs(),
    readServerInfo: () => readServerInfo(deps.redis),
    configuration: deps.configuration,
    clock,
  });
  registerModelMetrics(deps.metrics, deps.readModel, clock);

  const app = express();
  app.disable('x-powered-by').disable('etag');
  const access = () => deps.configuration().console;
  app.set(
    'trust proxy',
    trustsProxy(() => access().proxies),
  );
  app.use(consoleHeaders(() => isReachedByTls(access())));
  const ownHost = requireOwnHost(host, () => access().publicUrl);
  if (isLoopback(host)) app.use(ownHost);
  app.use(refuseCrossSite);
  const health: HealthDeps = { checkRedis: () => checkRedis(deps.redis, deps.prefix), clock };
  app.use(createHealthRoutes(health));
  // With nothing configured only this machine's browsers are meant, also in a container whose port is published on
  // loopback. Health checks come from elsewhere there.
  app.use((request, response, next) => {
    // A program with an API token is meant too, under whatever name it knows: no page can make a visitor's browser send one.
    if (isOpenConsole(access()) && !carriesToken(request)) ownHost(request, response, next);
    else next();
  });
  app.use(compressAnswers());
  // The page itself tells nothing: it is there for those too who have not signed in yet.
  app.use(serveConsole());
  const { guard, routes } = createAccess({
    settings: access,
    access: ledger.access,
    audit: ledger.audit,
    redis: deps.redis,
    prefix: deps.prefix,
    metrics: deps.metrics,
    clock,
    log,
  });
  app.use(...guard);
  app.use('/auth', routes);
  app.use(BOARD_PATH, askToSignIn);
  app.use(requireRole('viewer'));
  app.get('/metrics', limitRate(METRICS_LIMIT), async (_request, response) => {
    response.type(deps.metrics.contentType).send(await deps.metrics.metrics());
  });
  const redact = deps.redact ?? createRedactor();
  app.use(
    API_PATH,
    createApi(API_ROUTES, {
      config: deps.configuration,
      ledger,
      readModel: deps.readModel,
      readSnapshot: read,
      takenUpAtMs: deps.takenUpAtMs ?? (() => null),
      readServerInfo: () => readServerInfo(deps.redis),
      countQueues: () => deps.jobQueue.counts(),
      whyNotReady: () => whyNotReady(health),
      redact,
      clock,
      log,
    }),
  );
  app.use(redactAnswers(redact));
  app.use(
    BOARD_PATH,
    limitRate(BOARD_LIMIT),
    createQueueBoard(deps.queues, { audit: ledger.audit, isByTls: () => isReachedByTls(access()), log }),
  );
  app.use((_request, response) => {
    sendProblem(response, { status: 404, title: 'Not found', detail: 'There is nothing here.' });
  });
  app.use(answerFailure(log, () => whyNotReady(health)));
  return app;
}

/** Express knows this shape by its four parameters. @param whyNotReady null while Redis answers */
function answerFailure(log: Logger, whyNotReady: () => Promise<string | null>): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    // What a client got wrong (a broken URL) carries its own status; the rest is ours, or Redis is away.
    const status = clientErrorOf(error);
    if (status !== null) {
      sendProblem(response, { status, title: 'Bad request', detail: 'The request cannot be read.' });
    } else if ((await whyNotReady()) !== null) {
      log.warn({ err: error, path: request.path }, 'a request could not be answered without Redis');
      response.set('Retry-After', '5');
      sendProblem(response, { status: 503, title: 'Redis is away', detail: REDIS_IS_AWAY });
    } else {
      log.error({ err: error, path: request.path }, 'a request failed');
      const detail = 'The request failed; the log of the scheduler says why.';
      sendProblem(response, { status: 500, title: 'The request failed', detail });
    }
  };
}

const REDIS_IS_AWAY = 'This needs Redis, which cannot be asked just now. Try again soon; /readyz says why.';

function clientErrorOf(error: unknown): number | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500 ? error.status : null;
}

/** Redis must answer within this to count as there. */
const ANSWER_WITHIN_MS = 1_000;

interface HealthDeps {
  /** Rejects, with a message for an operator, when Redis is away or its settings would lose jobs. */
  readonly checkRedis: () => Promise<unknown>;
  readonly clock: Clock;
}

/** `/healthz`: the process answers. `/readyz`: so does Redis, and its settings are right; else 503 with the reason. */
function createHealthRoutes(deps: HealthDeps): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => {
    response.set('Cache-Control', 'no-store').json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const reason = await whyNotReady(deps);
    response
      .set('Cache-Control', 'no-store')
      .status(reason === null ? 200 : 503)
      .json(reason === null ? { status: 'ok' } : { status: 'unavailable', reason });
  });
  return router;
}

async function whyNotReady({ checkRedis, clock }: HealthDeps): Promise<string | null> {
  const answered = new AbortController();
  const late = clock
    .sleep(ANSWER_WITHIN_MS, answered.signal)
    .then(() => `Redis did not answer within ${ANSWER_WITHIN_MS} ms`)
    // Aborted: the answer came first and this one is not asked any more.
    .catch(() => null);
  const checked = checkRedis().then(() => null, messageOf);
  try {
    return await Promise.race([checked, late]);
  } finally {
    answered.abort();
  }
}
