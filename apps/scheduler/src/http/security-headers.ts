import type { RequestHandler } from 'express';
import helmet from 'helmet';

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
