import type { Response } from 'express';
import type { Problem } from '@muster/api/problem';

/** Answers with `application/problem+json` (RFC 9457). @param problem `type` only where a client may want to tell it apart */
export function sendProblem(
  response: Response,
  problem: Omit<Problem, 'type'> & { readonly type?: string },
): void {
  response
    .status(problem.status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', ...problem }));
}
