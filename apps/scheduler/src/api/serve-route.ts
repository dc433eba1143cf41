import type { Request, RequestHandler, Response } from 'express';
import { isJobError } from '@muster/core/runtime/errors';
import { principalOf } from '../access/principal.ts';
import type { ApiDeps } from './api-deps.ts';
import { pickFields } from './list-request.ts';
import { sendProblem } from '../http/problem.ts';
import { invalidRequest, problem } from './problem.ts';
import { readRequest } from './read-request.ts';
import type { ApiRoute, Asked, Reply } from './route.ts';
import { sendJson, sendStream } from './send-answer.ts';

/** The handler of a route, behind the guard of its role: what is asked, and then what the route answers. */
export function serveRoute(route: ApiRoute, deps: ApiDeps): RequestHandler {
  return async (request, response) => {
    const reading = readRequest(route, {
      params: request.params,
      query: request.query,
      body: request.body,
    });
    if (!reading.ok) {
      sendProblem(response, invalidRequest(reading.faults));
      return;
    }
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const asked: Asked<Record<string, unknown>, Record<string, unknown>, unknown> = {
      ...reading,
      principal: principalOf(request),
      isStillKnown: () => request.isStillKnown(),
      header: (name) => request.get(name) ?? null,
      signal: gone.signal,
    };
    const reply = await tryHandle(route, asked, deps);
    await sendReply({ request, response, deps, reply, asked, status: route.status });
  };
}

/** What the ledger cannot answer just now is a problem of its own; anything else is a fault of ours, and thrown. */
async function tryHandle(
  route: ApiRoute,
  asked: Asked<Record<string, unknown>, Record<string, unknown>, unknown>,
  deps: ApiDeps,
): Promise<Reply<unknown>> {
  try {
    return await route.handle(asked, deps);
  } catch (error) {
    if (!(await isAway(error, deps))) throw error;
    deps.log.warn({ err: error, route: route.operationId }, 'the API could not read the ledger');
    return {
      kind: 'problem',
      problem: problem(
        503,
        'The ledger cannot be read just now. Ask again in a few seconds; /readyz says why.',
      ),
      headers: { 'Retry-After': '5' },
    };
  }
}

/** Errors of the Redis client that have a name or a code; others are known by what Redis answers now. */
const AWAY_NAMES: ReadonlySet<string> = new Set(['MaxRetriesPerRequestError', 'ReplyError', 'AbortError']);

async function isAway(error: unknown, deps: ApiDeps): Promise<boolean> {
  if (isJobError(error)) return error.code.startsWith('ledger.');
  if (error instanceof Error && (AWAY_NAMES.has(error.name) || 'errno' in error)) return true;
  return (await deps.whyNotReady()) !== null;
}

async function sendReply(options: {
  readonly request: Request;
  readonly response: Response;
  readonly deps: ApiDeps;
  readonly reply: Reply<unknown>;
  readonly asked: Pick<Asked<unknown, unknown, unknown>, 'list' | 'signal'>;
  readonly status: ApiRoute['status'];
}): Promise<void> {
  const { request, response, deps, reply, asked, status } = options;
  if (reply.kind === 'stream') {
    if (request.method === 'HEAD') response.set(reply.headers).end();
    else await sendStream(response, { ...reply, signal: asked.signal });
    return;
  }
  response.set(reply.headers ?? {});
  if (reply.kind === 'problem') {
    sendProblem(response, reply.problem);
  } else if (reply.body === null || reply.body === undefined) {
    response.status(204).set('Cache-Control', 'no-store').end();
  } else {
    const body = withFields(reply.body, asked.list.fields);
    sendJson(request, response, { status: reply.status ?? status ?? 200, body, redact: deps.redact });
  }
}

/** A list's rows with the fields that were asked for. */
function withFields(body: object, fields: readonly string[] | null): object {
  if (fields === null || !('items' in body) || !Array.isArray(body.items)) return body;
  return { ...body, items: body.items.map((row: object) => pickFields(row, fields)) };
}
