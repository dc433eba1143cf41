import type { Request, RequestHandler } from 'express';
import helmet from 'helmet';
import type { Redact } from '@muster/core/runtime/redaction';
import { acceptsHost, isCrossSite } from '@muster/core/runtime/request-origin';

/** Refuses a Host header that is not one of this machine's loopback names or `listenHost`. */
export function requireLoopbackHost(listenHost: string): RequestHandler {
  const accepts = acceptsHost(listenHost);
  return (request, response, next) => {
    if (accepts(request.headers.host)) {
      next();
      return;
    }
    response
      .status(421)
      .type('text/plain')
      .send('Open the console under localhost or the address it listens on.\n');
  };
}

/** Paths that answer with data, for our own page and for programs; the rest are pages and what they load. */
const DATA = /^\/(api|queues\/api|metrics)(\/|$)/;

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
  response.status(403).json({ error: 'Another site may not ask the console. Open it in a tab of its own.' });
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
      const text = JSON.stringify(body, (_name, value: unknown) =>
        typeof value === 'string' ? redact(value) : value,
      );
      return response.type('application/json').send(text);
    };
    next();
  };
}

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

/** For our own pages and answers. */
export function consoleHeaders(): RequestHandler {
  return headers(SAME_ORIGIN_ONLY);
}

/** Bull Board sets a `<base>` and writes styles into its elements; everything else it needs is its own. */
export function queueBoardHeaders(): RequestHandler {
  return headers({ ...SAME_ORIGIN_ONLY, styleSrc: ["'self'", "'unsafe-inline'"], baseUri: ["'self'"] });
}

function headers(directives: typeof SAME_ORIGIN_ONLY): RequestHandler {
  return helmet({
    contentSecurityPolicy: { useDefaults: false, directives },
    // The console speaks plain HTTP on loopback; an operator who puts TLS before it decides on this.
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}
