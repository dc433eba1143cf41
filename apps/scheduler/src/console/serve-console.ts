import express, { type Request, type RequestHandler, Router } from 'express';
import { fileURLToPath } from 'node:url';

/** Where `vite build` puts the page. */
const BUILT = fileURLToPath(new URL('../../../console/dist', import.meta.url));
/** Files there carry a hash of their content in their name. */
const HASHED = '/assets/';
const A_YEAR_SECONDS = 31_536_000;
/** What a browser asks for as a page, and other routes answer. */
const NO_PAGE = /^\/(api|auth|queues|metrics|healthz|readyz|assets)(\/|$)/;

/**
 * The console's page: files that never change under their name are kept for a year, the page itself is asked for each time,
 * so that a new release is never shown by an old page. Every address that a browser opens as a page is the console's; the
 * page itself finds what it means.
 *
 * @param built the folder of the built page
 */
export function serveConsole(built = BUILT): Router {
  const router = Router();
  router.use(
    express.static(built, {
      index: false,
      redirect: false,
      setHeaders: (response, path) => {
        const isHashed = path.includes(HASHED);
        response.set('Cache-Control', isHashed ? `public, max-age=${A_YEAR_SECONDS}, immutable` : 'no-cache');
      },
    }),
  );
  router.use(sendPage(built));
  return router;
}

function sendPage(built: string): RequestHandler {
  return (request, response, next) => {
    if (!isPage(request)) {
      next();
      return;
    }
    response.sendFile('index.html', { root: built, headers: { 'Cache-Control': 'no-store' } }, (error) => {
      if (error === undefined || error === null) return;
      if (response.headersSent) next(error);
      else {
        response
          .status(503)
          .type('text/plain')
          .send('The console’s page is not built. In a checkout: npm run build in apps/console.\n');
      }
    });
  };
}

/** Whether a browser opens an address. A program that asks for a path that is none gets a 404, not a page. */
function isPage(request: Request): boolean {
  return (
    (request.method === 'GET' || request.method === 'HEAD') &&
    !NO_PAGE.test(request.path) &&
    (request.path === '/' || (request.headers.accept ?? '').includes('text/html'))
  );
}
