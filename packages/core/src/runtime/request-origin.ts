/** Who may ask a server of ours: by the name it is called, and by what a browser says of the page that asks. */
import { isIP } from 'node:net';

/** Names by which a browser on this machine reaches a loopback address. */
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];

/** Whether only this machine can reach what listens on `host`. */
export function isLoopback(host: string): boolean {
  const bare = withoutBrackets(host.toLowerCase());
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}

/**
 * Whether a Host header is one of this machine's loopback names or `listenHost`, with any port. A page from elsewhere
 * whose name was rebound to 127.0.0.1 could otherwise read the answers in the visitor's own browser.
 */
export function acceptsHost(listenHost: string): (header: string | undefined) => boolean {
  const allowed = new Set([...LOOPBACK_NAMES, withoutBrackets(listenHost.toLowerCase())]);
  return (header) => {
    const host = hostOf(header);
    return host !== null && allowed.has(host);
  };
}

/** The headers that a browser adds and no page can change: https://www.w3.org/TR/fetch-metadata/ (read 2026-11). */
export interface FetchMetadata {
  readonly site: string | undefined;
  readonly mode: string | undefined;
  readonly destination: string | undefined;
}

/**
 * Whether another site's page asks in a visitor's browser. Programs send no such headers and pass; so does a link that
 * a visitor follows to one of our pages (`isPage`), which shows it to the visitor and to no other page.
 */
export function isCrossSite({ site, mode, destination }: FetchMetadata, isPage: boolean): boolean {
  if (site === undefined || site === 'same-origin' || site === 'none') return false;
  return !(isPage && mode === 'navigate' && destination === 'document');
}

/** The name in a Host header, without port and brackets; null for one that is no host. */
function hostOf(header: string | undefined): string | null {
  const name = /^(\[[0-9a-f:.]+\]|[^\s:/@[\]]+)(?::\d{1,5})?$/i.exec(header ?? '')?.[1];
  return name === undefined ? null : withoutBrackets(name.toLowerCase());
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}
