import express, { type ErrorRequestHandler, type RequestHandler, Router } from 'express';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createCachedRead } from '../http/cached-read.ts';
import type { ApiDeps, ApiSources } from './api-deps.ts';
import { createAuditSelections } from './audit-selection.ts';
import { createAuditView } from './audit-view.ts';
import { createChangeFeed } from './change-feed.ts';
import { readMarks } from './events.ts';
import { limitRate } from './limit-rate.ts';
import { suggestion } from './list-request.ts';
import type { describeApi } from './openapi.ts';
import { readModelFacts } from './model-facts.ts';
import { sendProblem } from '../http/problem.ts';
import { requireRole } from '../access/principal.ts';
import { problem, statusOf } from './problem.ts';
import { answer, type ApiRoute, defineRoute } from './route.ts';
import { serveRoute } from './serve-route.ts';
import { z } from 'zod';

/** Ten thousand instance ids take 250 KB. */
const LONGEST_BODY = '1mb';

/** However many look at the overview, the read model is asked for these once in this time. */
const FACTS_INTERVAL_MS = 2_000;

/** `/api/v1`: every route of the table, and a problem for everything else. */
export function createApi(routes: readonly ApiRoute[], given: ApiSources): Router {
  const { readModel: model, clock, log } = given;
  const feed = createChangeFeed({ model, readMarks: () => readMarks(given), clock, log });
  const deps: ApiDeps = {
    ...given,
    feed,
    auditView: createAuditView(given.ledger.audit),
    auditSelections: createAuditSelections(),
    readModelFacts: createCachedRead({
      read: async () => {
        const { value } = await given.readSnapshot();
        return readModelFacts(model, Object.keys(value?.status.instances.byCause ?? {}));
      },
      clock,
      minIntervalMs: FACTS_INTERVAL_MS,
    }),
  };
  const router = Router({ caseSensitive: true, strict: true });
  router.use(limitRate(), readJson);
  const all = [...routes, documentRoute(routes)];
  for (const route of all) {
    router[route.method](pathOf(route), requireRole(route.role), serveRoute(route, deps));
  }
  for (const path of new Set(all.map(pathOf))) {
    router.all(path, refuseMethod(all.filter((one) => pathOf(one) === path)));
  }
  router.use(nothingHere(all));
  router.use(answerFailure(log));
  return router;
}

/** `{name}` of OpenAPI is `:name` of Express. */
function pathOf({ path }: ApiRoute): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

const parseJson = express.json({ limit: LONGEST_BODY, type: 'application/json' });

/** Reads the body of what changes something. Any other type than JSON is refused: a form of another site can send those. */
const readJson: RequestHandler = (request, response, next) => {
  if (request.method === 'GET' || request.method === 'HEAD') {
    next();
    return;
  }
  if (hasBody(request) && request.is('application/json') === false) {
    sendProblem(response, problem(415, 'Send the body as JSON, with Content-Type: application/json.'));
    return;
  }
  parseJson(request, response, next);
};

function hasBody({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** The document is made when a client first asks for it: every schema of the API goes into it, and a start has no use for it. */
function documentRoute(routes: readonly ApiRoute[]): ApiRoute {
  let making: Promise<ReturnType<typeof describeApi>> | null = null;
  const make = async (): Promise<ReturnType<typeof describeApi>> =>
    (await import('./openapi.ts')).describeApi([...routes, route]);
  const route: ApiRoute = defineRoute({
    method: 'get',
    path: '/openapi.json',
    operationId: 'readDocument',
    tag: 'system',
    summary: 'This document',
    role: 'viewer',
    answer: z.looseObject({ openapi: z.string() }),
    handle: async () => {
      making ??= make();
      return answer({ ...(await making) });
    },
  });
  return route;
}

function refuseMethod(routes: readonly ApiRoute[]): RequestHandler {
  const methods = routes.flatMap(({ method }) =>
    method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()],
  );
  return (request, response) => {
    response.set('Allow', methods.join(', '));
    sendProblem(response, problem(405, `${request.path} takes ${methods.join(', ')}.`));
  };
}

function nothingHere(routes: readonly ApiRoute[]): RequestHandler {
  const names = [...new Set(routes.map(({ path }) => path.split('/')[1] ?? ''))];
  return (request, response) => {
    const asked = request.path.split('/')[1] ?? '';
    const near = names.includes(asked) ? '.' : suggestion(asked, names);
    sendProblem(response, problem(404, `There is nothing at this path${near} GET openapi.json lists all.`));
  };
}

/** Express knows this shape by its four parameters. */
function answerFailure(log: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const status = statusOf(error);
    if (status === null) {
      log.error({ err: error, path: request.path }, 'a request failed');
      sendProblem(response, problem(500, 'The request failed; the log of the scheduler says why.'));
    } else {
      sendProblem(response, problem(status, FAULTY[status]));
    }
  };
}

const FAULTY = {
  400: 'The path or the body cannot be read: the path must be percent-encoded UTF-8, the body JSON.',
  413: `The body is larger than ${LONGEST_BODY}.`,
  415: 'Send the body as JSON in UTF-8, with Content-Type: application/json.',
} as const;
