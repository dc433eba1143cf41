/** A server of a Redis Cluster. */
export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Where a Redis is, as its URL says. */
export interface RedisAddress {
  /** `redis://` or `rediss://` of one server; for a Cluster, of the first node that its URL names. */
  readonly serverUrl: string;
  /** The nodes named of a Redis Cluster; none where the URL names one server. */
  readonly nodes: readonly RedisNode[];
  /** In clear; empty when the URL has none. */
  readonly password: string;
}

const DEFAULT_PORT = 6379;

/**
 * Reads `redis://…`, `rediss://…` (TLS), and `redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT` or its `rediss+cluster://`.
 * Null for anything else, and for a Cluster with a database other than 0: a Cluster has no other.
 */
export function readRedisUrl(text: string): RedisAddress | null {
  const [, scheme, user = '', hosts = '', rest = ''] =
    /^(rediss?)\+cluster:\/\/([^/?#]*@)?([^/?#]*)(.*)$/.exec(text) ?? [];
  if (scheme === undefined) {
    const server = readServerUrl(text);
    return server === null ? null : { serverUrl: text, nodes: [], password: server.password };
  }
  if (!/^\/?0?([?#].*)?$/.test(rest)) return null;
  const urls = hosts.split(',').map((host) => `${scheme}://${user}${host}${rest}`);
  const servers = urls.map(readServerUrl).filter((server) => server !== null);
  const [serverUrl = ''] = urls;
  return servers.length < urls.length
    ? null
    : {
        serverUrl,
        nodes: servers.map(({ host, port }) => ({ host, port })),
        password: servers[0]?.password ?? '',
      };
}

function readServerUrl(text: string): (RedisNode & { readonly password: string }) | null {
  if (!/^rediss?:\/\/[^/]/.test(text) || !URL.canParse(text)) return null;
  const { hostname, port, pathname, username, password } = new URL(text);
  if (hostname === '' || !/^\/?\d{0,5}$/.test(pathname)) return null;
  try {
    decodeURIComponent(username);
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? DEFAULT_PORT : Number(port),
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
