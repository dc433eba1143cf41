/** Errors of `/api/v1`, by RFC 9457. */
import type { Problem } from '@muster/api/problem';

/** What the API can answer besides what was asked for, with the title and the type of each. */
const KINDS = {
  400: ['invalid-request', 'The request does not fit'],
  401: ['unauthenticated', 'Who are you?'],
  403: ['forbidden', 'Your role may not do this'],
  404: ['not-found', 'There is no such thing'],
  405: ['method-not-allowed', 'Another method is needed'],
  409: ['conflict', 'It has changed, or was done already'],
  413: ['too-large', 'The request is too large'],
  415: ['unsupported-media-type', 'The body must be JSON'],
  422: ['not-possible', 'It cannot be done now'],
  429: ['too-many-requests', 'Too many requests'],
  500: ['internal', 'The request failed'],
  503: ['unavailable', 'The data cannot be read now'],
} as const;

export type ProblemStatus = keyof typeof KINDS;

/** One fault of a request, with the parameter or the place in the body that it is about. */
export type RequestFault = NonNullable<Problem['errors']>[number];

/** What is told of faults: the most there are in one answer. */
const MOST_FAULTS = 20;

/** Makes a problem. @param detail what is wrong here and what to do, as sentences */
export function problem(
  status: ProblemStatus,
  detail: string,
  faults: readonly RequestFault[] = [],
): Problem {
  const [name, title] = KINDS[status];
  return {
    type: `/problems/${name}`,
    title,
    status,
    detail,
    ...(faults.length === 0 ? {} : { errors: faults.slice(0, MOST_FAULTS) }),
  };
}

/** The problem of a request with faults: all of them at once. */
export function invalidRequest(faults: readonly RequestFault[]): Problem {
  const places = faults.map(({ parameter, pointer }) => parameter ?? `the body at ${pointer ?? '/'}`);
  const named = [...new Set(places)].slice(0, MOST_FAULTS).join(', ');
  return problem(400, `Correct ${named}; each is explained in errors.`, faults);
}

/** A status of Express or of a parser of bodies, as one that the API answers. */
export function statusOf(error: unknown): 400 | 413 | 415 | null {
  if (typeof error !== 'object' || error === null || !('status' in error)) return null;
  const { status } = error;
  if (status === 413 || status === 415 || status === 400) return status;
  return typeof status === 'number' && status >= 400 && status < 500 ? 400 : null;
}
