import type { RequestHandler } from 'express';
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import { sendProblem } from '../http/problem.ts';
import { problem } from './problem.ts';

/** More than twenty pages that follow every change ask; a script without a pause is over it in a second or two. */
const USUAL_LIMIT = { requests: 1_000, perSeconds: 5 };

/**
 * Bounds how much one principal asks of this scheduler, so that a script that runs wild does not take the answers of others.
 * It is counted in the process: no question costs Redis anything.
 */
export function limitRate({ requests, perSeconds } = USUAL_LIMIT): RequestHandler {
  const limiter = new RateLimiterMemory({ points: requests, duration: perSeconds });
  return async (request, response, next) => {
    const { principal } = request;
    const key = principal === null ? `address ${request.ip ?? ''}` : `${principal.kind} ${principal.name}`;
    try {
      await limiter.consume(key);
    } catch (error) {
      if (error instanceof Error) throw error;
      const { msBeforeNext } = error as RateLimiterRes;
      response.set('Retry-After', String(Math.max(1, Math.ceil(msBeforeNext / 1_000))));
      const detail = `More than ${requests} requests in ${perSeconds} s. Ask again when Retry-After is over.`;
      sendProblem(response, problem(429, detail));
      return;
    }
    next();
  };
}
