import type { RequestHandler } from 'express';
import type { AuditLedger } from '@muster/core/control/audit/audit-store';
import type { Logger } from '@muster/core/runtime/logger-port';
import { principalOf } from '../access/principal.ts';
import { sendProblem } from './problem.ts';

export interface BoardActDeps {
  readonly audit: Pick<AuditLedger, 'append'>;
  /** Whether browsers reach the console by TLS. */
  readonly isByTls: () => boolean;
  readonly log: Logger;
}

/**
 * What operators may do by the board: retry failed jobs, promote delayed ones, clean what has ended. The tick enqueues
 * again what is still due, and a handler reads the ledger first, so none of it sends twice or loses work. Everything
 * else stays off: a paused, emptied or throttled queue is nothing that the ledger knows of, and a job that is added or
 * changed by hand is none of ours.
 */
const SAFE_ACTS =
  /^\/api\/queues\/(?<queue>[\w-]{1,64})\/(?<act>retry\/failed|promote|clean\/(?:completed|failed)|[\w.:-]{1,128}\/(?:retry(?:\/failed)?|promote|clean))$/;

/**
 * Lets through what `SAFE_ACTS` has, and notes in the audit what came of it. Operators alone come here: `guardWrites` stands before.
 *
 * @param queues the names of those that there are
 */
export function allowBoardActs(queues: ReadonlySet<string>, { audit, log }: BoardActDeps): RequestHandler {
  return (request, response, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') {
      next();
      return;
    }
    const { queue, act } =
      (request.method === 'PUT' ? SAFE_ACTS.exec(request.path)?.groups : undefined) ?? {};
    if (queue === undefined || act === undefined) {
      sendProblem(response, {
        status: 403,
        title: 'Not by the board',
        detail:
          'Here operators retry, promote and clean jobs. Pause and cancel on the console’s pages: the ledger must know of it.',
      });
      return;
    }
    if (!queues.has(queue)) {
      sendProblem(response, { status: 404, title: 'Not found', detail: 'There is no such queue.' });
      return;
    }
    const { name, kind, role, ip } = principalOf(request);
    log.info({ user: name, queue, act }, 'an operator acts by Bull Board');
    // Also where the operator has gone before the answer: the board acts on.
    response.once('close', () => {
      const isDone = response.statusCode < 400;
      const entry = {
        by: { name, kind, role },
        from: ip,
        act: 'queue',
        scope: `queue:${queue}`,
        dryRun: null,
        basis: null,
        result: isDone ? 'done' : 'failed',
        detail: isDone ? act : `${act}: answered ${response.statusCode}`,
        reason: '',
      } as const;
      audit.append(entry).catch((error: unknown) => {
        log.error(
          { err: error, user: name, queue, act },
          'an act by Bull Board could not be noted in the audit',
        );
      });
    });
    next();
  };
}

/** Bull Board's page sends the CSRF token by itself when this cookie has it: axios, which it asks by, works so. */
export function tellCsrfToken(isByTls: () => boolean): RequestHandler {
  return ({ csrfToken, method, baseUrl }, response, next) => {
    if (csrfToken !== null && method === 'GET') {
      response.cookie('XSRF-TOKEN', csrfToken, { sameSite: 'strict', secure: isByTls(), path: baseUrl });
    }
    next();
  };
}
