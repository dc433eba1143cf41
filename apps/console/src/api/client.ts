/** How the page talks to `/api/v1`: JSON in and out, problems as thrown errors, the session's token with what changes something. */
import { backgroundHeader } from './attention.ts';
import { noteRequest } from './connection.ts';
import { readProblem, refusal } from './problem.ts';

/** Values of query parameters; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

const API = '/api/v1';
const ANSWER_WITHIN_MS = 20_000;

let csrf: string | null = null;

/** Takes the token that `GET /auth/session` gave; null without a session by cookie. */
export function takeCsrfToken(token: string | null): void {
  csrf = token;
}

/** The address of a resource of the API with its query. */
export function addressOf(path: string, query: Query = {}): string {
  const words = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') words.set(name, String(value));
  }
  const text = words.toString();
  return `${path.startsWith('/auth/') ? '' : API}${path}${text === '' ? '' : `?${text}`}`;
}

/** Reads a resource. Rejects with a `Refusal`, also where no answer came. */
export function ask<Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> {
  return exchange<Answer>(addressOf(path, query), { method: 'GET', headers: backgroundHeader() }, signal);
}

/** Sends an order. Rejects with a `Refusal`, also where no answer came: then it is not known whether it was taken. */
export function send<Answer>(
  method: 'POST' | 'DELETE' | 'PUT',
  path: string,
  body: unknown = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return exchange<Answer>(addressOf(path), {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(csrf === null ? {} : { 'X-CSRF-Token': csrf }),
      ...headers,
    },
    ...(method === 'DELETE' ? {} : { body: JSON.stringify(body) }),
  });
}

/** A request of the page, its headers as a plain record. */
type Request = Pick<RequestInit, 'method' | 'body'> & { readonly headers?: Readonly<Record<string, string>> };

async function exchange<Answer>(address: string, request: Request, signal?: AbortSignal): Promise<Answer> {
  const limit = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const response = await fetch(address, {
    ...request,
    headers: { Accept: 'application/json', ...request.headers },
    credentials: 'same-origin',
    signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
  }).catch((error: unknown) => {
    // The page itself took the question back: nothing is known of the scheduler.
    if (signal?.aborted === true) throw error;
    noteRequest({ kind: 'failure', detail: 'The scheduler does not answer.' });
    throw refusal({
      type: 'about:blank',
      title: 'The scheduler does not answer',
      status: 0,
      detail: 'It may be restarting, or the network between is down. The page asks again by itself.',
    });
  });
  const body: unknown = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) {
    const problem = readProblem(response.status, body);
    if (response.status >= 502) noteRequest({ kind: 'failure', detail: problem.detail });
    throw refusal(problem);
  }
  const date = response.headers.get('Date');
  noteRequest({
    kind: 'answer',
    data: ageOf(body),
    serverMs: date === null ? null : Date.parse(date),
  });
  return body as Answer;
}

function ageOf(body: unknown): { readonly asOfMs: number; readonly stale: boolean } | null {
  if (typeof body !== 'object' || body === null || !('asOf' in body) || !('stale' in body)) return null;
  return { asOfMs: Date.parse(String(body.asOf)), stale: body.stale === true };
}
