/** What the scheduler answers when it does not do what it was asked: `application/problem+json` of RFC 9457. */
import type { Problem } from '@muster/api/problem';

/** An error of the API, thrown by `ask` and `send`. */
export interface Refusal extends Error {
  readonly problem: Problem;
}

/** Status 0 stands for an answer that never came: the scheduler, or the way to it, is away. */
export function refusal(problem: Problem): Refusal {
  return Object.assign(new Error(problem.detail), { problem });
}

/** The problem that an error carries; null for any other error. */
export function problemOf(error: unknown): Problem | null {
  if (!(error instanceof Error) || !('problem' in error)) return null;
  return (error as Refusal).problem;
}

/** Whether asking again may help: the scheduler is away, busy, or its Redis is. */
export function isPassing(error: unknown): boolean {
  const status = problemOf(error)?.status;
  return status === undefined || status === 0 || status === 429 || status >= 500;
}

/** The problem of an answer with this status and body. A proxy between may answer with a page of its own. */
export function readProblem(status: number, body: unknown): Problem {
  const fields = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  return {
    type: typeof fields.type === 'string' ? fields.type : 'about:blank',
    title: typeof fields.title === 'string' ? fields.title : `The request failed (HTTP ${status})`,
    status,
    detail:
      typeof fields.detail === 'string'
        ? fields.detail
        : 'The answer does not say why. The scheduler’s log may.',
    ...(Array.isArray(fields.errors) ? { errors: fields.errors } : {}),
  };
}
