import { isIP } from 'node:net';
import type { RequestHandler } from 'express';

/** Names by which a browser on this machine reaches a loopback address. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  const bare = withoutBrackets(host.toLowerCase());
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/**
 * Refuses a Host header that is not one of this machine's loopback names or `listenHost`, with any port. A page from
 * elsewhere whose name was rebound to 127.0.0.1 could otherwise read the console in the visitor's own browser.
 */
export function requireLoopbackHost(listenHost: string): RequestHandler {
  const allowed = new Set([...LOOPBACK_NAMES, withoutBrackets(listenHost.toLowerCase())]);
  return (request, response, next) => {
    const host = hostOf(request.headers.host);
    if (host !== null && allowed.has(host)) {
      next();
      return;
    }
    response
      .status(421)
      .type('text/plain')
      .send('Open the console under localhost or the address it listens on.\n');
  };
}

/** The name in a Host header, without port and brackets; null for one that is no host. */
function hostOf(header: string | undefined): string | null {
  const name = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/i.exec(header ?? '')?.[1];
  return name === undefined ? null : withoutBrackets(name.toLowerCase());
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
