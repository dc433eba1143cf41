import type { Request, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Redact } from '@muster/core/runtime/redaction';
import { acceptsHost, isCrossSite } from '@muster/core/runtime/request-origin';
import { sendProblem } from './problem.ts';
import { redactedJson } from './redacted-json.ts';

/** Paths that answer with data, for our own page and for programs; the rest are pages and what they load. */
const DATA = /^\/(api|queues\/api|metrics)(\/|$)/;

/** Refuses a Host header that is neither one of this machine's loopback names, nor `listenHost`, nor that of the public URL. */
export function requireOwnHost(listenHost: string, publicUrl: () => string | null): RequestHandler {
  const accepts = acceptsHost(listenHost);
  return (request, response, next) => {
    const url = publicUrl();
    if (accepts(request.headers.host) || (url !== null && request.headers.host === new URL(url).host)) {
      next();
      return;
    }
    const detail =
      'Open the console under localhost, the address it listens on, or muster.console.public_url.';
    if (DATA.test(request.path)) sendProblem(response, { status: 421, title: 'Another name', detail });
    else response.status(421).type('text/plain').send(`${detail}\n`);
  };
}

/** Refuses what another site's page asks for in a visitor's browser. Following a link to one of our pages is allowed. */
export const refuseCrossSite: RequestHandler = (request, response, next) => {
  const metadata = {
    site: headerOf(request, 'sec-fetch-site'),
    mode: headerOf(request, 'sec-fetch-mode'),
    destination: headerOf(request, 'sec-fetch-dest'),
  };
  const isPage = request.method === 'GET' && !DATA.test(request.path);
  if (!isCrossSite(metadata, isPage)) {
    next();
    return;
  }
  sendProblem(response, {
    status: 403,
    title: 'Another site asks',
    detail: 'Another site may not ask the console. Open it in a tab of its own.',
  });
};

function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * Takes known secrets out of every JSON answer, Bull Board's included: it shows the messages and stacks of failed jobs,
 * which others have written.
 */
export function redactAnswers(redact: Redact): RequestHandler {
  return (_request, response, next) => {
    response.json = (body) => {
      return response.type('application/json').send(redactedJson(body, redact));
    };
    next();
  };
}

/** Of this host alone: what else its domain has is not ours to decide on. */
const A_YEAR_SECONDS = 31_536_000;

/** Nothing is loaded from, sent to or framed by another site. */
const SAME_ORIGIN_ONLY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'"],
  connectSrc: ["'self'"],
  fontSrc: ["'self'"],
  baseUri: ["'none'"],
  frameAncestors: ["'none'"],
  formAction: ["'none'"],
};

/** For our own pages and answers. @param isByTls whether browsers reach the console by TLS: then they keep to it */
export function consoleHeaders(isByTls: () => boolean): RequestHandler {
  const set = headers(SAME_ORIGIN_ONLY);
  return (request, response, next) => {
    if (isByTls()) response.set('Strict-Transport-Security', `max-age=${A_YEAR_SECONDS}`);
    set(request, response, next);
  };
}

/** Bull Board sets a `<base>` and writes styles into its elements; everything else it needs is its own. */
export function queueBoardHeaders(): RequestHandler {
  return headers({ ...SAME_ORIGIN_ONLY, styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"] });
}

function headers(directives: typeof SAME_ORIGIN_ONLY): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // `consoleHeaders` says it where there is TLS.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}
