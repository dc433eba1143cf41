import type { Request, RequestHandler } from 'express';
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
