/** A server of a Redis Cluster, or a Sentinel. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where a Redis is, as its URL says. */
export interface RedisAddress {
  /** `redis://` or `rediss://` of one server; for a Cluster or Sentinels, of the first that the URL names. */
  readonly serverUrl: string;
  /** The nodes named of a Redis Cluster; none where the URL names something else. */
  readonly nodes: readonly RedisNode[];
  /** The Sentinels that know which server is the primary, and the name by which they watch it; null where the URL names none. */
  readonly sentinel: { readonly nodes: readonly RedisNode[]; readonly name: string } | null;
  /** In clear; empty when the URL has none. */
  readonly password: string;
}

const DEFAULT_PORT = 6379;
const SENTINEL_PORT = 26_379;

/**
 * Reads `redis://…`, `rediss://…` (TLS), `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT`, and of Sentinels
 * `redis+sentinel://USER:PASSWORD@HOST:PORT,HOST:PORT/NAME/DATABASE`; both with `rediss+` too. User and password are those of
 * the Redis. Null for anything else, and for a Cluster with a database other than 0: a Cluster has no other.
 */
export function readRedisUrl(text: string): RedisAddress | null {
  const [, scheme, kind, user = '', hosts = '', rest = ''] =
    /^(rediss?)\+(cluster|sentinel):\/\/([^/?#]*@)?([^/?#]*)(.*)$/.exec(text) ?? [];
  if (scheme === undefined) {
    const server = readServerUrl(text, DEFAULT_PORT);
    return server === null ? null : { serverUrl: text, nodes: [], sentinel: null, password: server.password };
  }
  const isSentinel = kind === 'sentinel';
  const [, name = '', database = ''] = /^\/([\w.-]{1,100})(\/\d{0,5})?([?#].*)?$/.exec(rest) ?? [];
  if (isSentinel ? name === '' : !/^\/?0?([?#].*)?$/.test(rest)) return null;
  const path = isSentinel ? database : rest;
  const urls = hosts.split(',').map((host) => `${scheme}://${user}${host}${path}`);
  const servers = urls
    .map((url) => readServerUrl(url, isSentinel ? SENTINEL_PORT : DEFAULT_PORT))
    .filter((server) => server !== null);
  if (servers.length < urls.length) return null;
  const nodes = servers.map(({ host, port }) => ({ host, port }));
  return {
    serverUrl: urls[0] ?? '',
    nodes: isSentinel ? [] : nodes,
    sentinel: isSentinel ? { nodes, name } : null,
    password: servers[0]?.password ?? '',
  };
}

function readServerUrl(text: string, usualPort: number): (RedisNode & { readonly password: string }) | null {
  if (!/^rediss?:\/\/[^/]/.test(text) || !URL.canParse(text)) return null;
  const { hostname, port, pathname, username, password } = new URL(text);
  if (hostname === '' || !/^\/?\d{0,5}$/.test(pathname)) return null;
  try {
    decodeURIComponent(username);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? usualPort : Number(port),
      password: decodeURIComponent(password),
    };
  } catch {
    return null;
  }
}

/** Completes a URL that `readRedisUrl` reads and that has no password of its own. */
export function withPassword(url: string, password: string): string {
  return url.replace(
    /^([a-z+]+:\/\/)(?:([^:@/?#]*):?@)?/,
    (_, scheme: string, user: string | undefined) =>
      `${scheme}${user ?? ''}:${encodeURIComponent(password)}@`,
  );
}

/** A URL that `readRedisUrl` reads, with its user and without its password. */
export function withoutPassword(url: string): string {
  return url.replace(/^([a-z+]+:\/\/[^:@/?#]*):[^@/?#]*@/, '$1@');
}
