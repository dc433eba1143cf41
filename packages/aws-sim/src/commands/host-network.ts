import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';

/** An installer script as a host got it. */
export interface FetchedScript {
  readonly status: number;
  /** What a shell makes of it: 0 is sound, anything else is how it ends. */
  readonly exitCode: number;
  /** Of the body, in hexadecimal; empty in a world without a proxy. */
  readonly sha256: string;
}

/** A host that wants to join. */
export interface JoinRequest {
  readonly token: string;
  readonly accountId: string;
  readonly region: string;
  readonly instanceId: string;
  readonly organizationId: string;
  readonly organizationalUnits: readonly string[];
  readonly hostname: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Result of a join. `unreachable` is worth another try; `refused` is not. */
export type JoinAnswer =
  | { readonly kind: 'joined'; readonly visibleAtMs: number }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'unreachable' };

/** The way from a host to the proxy. */
export interface HostNetwork {
  /** Null when the proxy cannot be reached. */
  fetchScript(url: string): Promise<FetchedScript | null>;
  join(url: string, host: JoinRequest): Promise<JoinAnswer>;
  /** The agent of a host is gone from the cluster. */
  leave(accountId: string, instanceId: string): Promise<void>;
  /** Agents that were there before the world began. */
  seedNodes(hosts: readonly JoinRequest[]): Promise<void>;
  close(): void;
}

/** A world of its own, without a proxy: every script is sound and every host may join. */
export function createLocalNetwork(): HostNetwork {
  return {
    fetchScript: () => Promise.resolve({ status: 200, exitCode: 0, sha256: '' }),
    join: () => Promise.resolve({ kind: 'joined', visibleAtMs: Date.now() }),
    leave: () => Promise.resolve(),
    seedNodes: () => Promise.resolve(),
    close() {},
  };
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
/** Hosts fetching the same script at the same moment share one download. */
const SCRIPT_CACHE_MS = 1_000;
const CONNECTIONS = 32;

/**
 * Reaches the proxy over HTTP. `proxyUrl` stands for the public address in front of which it plays: scheme and host of
 * an installer's address are replaced by it, unless the address is plain HTTP on loopback already.
 */
export function createHttpNetwork(proxyUrl: string): HostNetwork {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const scripts = new Map<
    string,
    { readonly atMs: number; readonly answer: Promise<FetchedScript | null> }
  >();

  async function fetchNow(url: string): Promise<FetchedScript | null> {
    const reply = await send(agent, 'GET', url);
    if (reply === null) return null;
    const verdict = reply.headers['x-sim-exit-code'];
    const sound = reply.body.startsWith('#!');
    return {
      status: reply.status,
      exitCode: typeof verdict === 'string' ? Number(verdict) : sound ? 0 : 2,
      sha256: createHash('sha256').update(reply.body).digest('hex'),
    };
  }

  return {
    fetchScript(url) {
      const actual = actualUrl(url, proxyUrl);
      const nowMs = Date.now();
      const known = scripts.get(actual);
      if (known !== undefined && nowMs - known.atMs < SCRIPT_CACHE_MS) return known.answer;
      const answer = fetchNow(actual);
      scripts.set(actual, { atMs: nowMs, answer });
      return answer;
    },
    async join(url, host) {
      const { origin } = new URL(actualUrl(url, proxyUrl));
      const reply = await send(agent, 'POST', `${origin}/_sim/join`, host);
      if (reply === null || reply.status >= 500) return { kind: 'unreachable' };
      const answer = JSON.parse(reply.body) as { error?: string; visibleAt?: string };
      if (reply.status !== 200) return { kind: 'refused', error: answer.error ?? `status ${reply.status}` };
      const visibleAtMs = Date.parse(answer.visibleAt ?? '');
      return { kind: 'joined', visibleAtMs: Number.isNaN(visibleAtMs) ? Date.now() : visibleAtMs };
    },
    async leave(accountId, instanceId) {
      await send(agent, 'DELETE', `${proxyUrl}/_sim/nodes/${accountId}/${instanceId}`);
    },
    async seedNodes(hosts) {
      for (let at = 0; at < hosts.length; at += 500) {
        await send(agent, 'POST', `${proxyUrl}/_sim/nodes`, { nodes: hosts.slice(at, at + 500) });
      }
    },
    close() {
      agent.destroy();
    },
  };
}

/** The address that is really asked for an installer. */
export function actualUrl(url: string, proxyUrl: string): string {
  const wanted = new URL(url);
  if (wanted.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(wanted.hostname)) {
    return url;
  }
  return new URL(`${wanted.pathname}${wanted.search}`, proxyUrl).href;
}

/** One exchange; null when there was no whole answer. */
function send(agent: Agent, method: string, url: string, body?: unknown): Promise<Reply | null> {
  return new Promise((resolve) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request(url, { agent, method, headers, timeout: REQUEST_TIMEOUT_MS }, (incoming) => {
      let received = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        received += chunk;
      });
      incoming.on('error', () => {
        resolve(null);
      });
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: received });
      });
    });
    outgoing.on('timeout', () => {
      outgoing.destroy();
    });
    outgoing.on('error', () => {
      // A kept connection that the other side closed meanwhile says nothing about the other side.
      resolve(outgoing.reusedSocket ? send(agent, method, url, body) : null);
    });
    outgoing.end(text);
  });
}
