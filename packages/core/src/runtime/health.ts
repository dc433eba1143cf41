import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { type Clock, LATE, within } from './clock-port.ts';
import { acceptsHost, isCrossSite, isLoopback } from './request-origin.ts';

/** Why a process can or cannot work now, by what it depends on: null is well, a text says what is wrong. */
export type Readiness = Readonly<Record<string, string | null>>;

export interface HealthOptions {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly metrics: Registry;
  readonly clock: Clock;
  /** Asked at each `/readyz`; not ready when it throws, or takes longer than two seconds. */
  readonly readiness: () => Promise<Readiness>;
}

export interface HealthServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const READINESS_WITHIN_MS = 2_000;

/**
 * `/healthz` (200 while the process answers at all), `/readyz` (200, or 503 with the reasons, as JSON) and `/metrics` for
 * processes that have no console. On loopback only what calls it by a name of this machine is answered; another site's
 * page nowhere. Rejects when it cannot listen.
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const host = options.host ?? '127.0.0.1';
  const accepts = isLoopback(host) ? acceptsHost(host) : () => true;
  const server = createServer((request, response) => {
    if (!accepts(request.headers.host)) {
      send(response, 421, 'text/plain', 'ask under localhost or the address it listens on\n');
    } else if (isCrossSite(metadataOf(request), false)) {
      send(response, 403, 'text/plain', 'another site may not ask\n');
    } else {
      void respond(options, request, response);
    }
  });
  server.listen(options.port, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    close: () => closeServer(server),
  };
}

/** The answer of `/readyz`, for the server that gives it. Never rejects. */
export async function readinessAnswer(options: Pick<HealthOptions, 'clock' | 'readiness'>): Promise<{
  readonly status: 200 | 503;
  readonly body: { readonly ready: boolean; readonly checks: Readiness };
}> {
  const asked = options.readiness().catch((error: unknown): Readiness => ({ answer: String(error) }));
  const answer = await within(options.clock, READINESS_WITHIN_MS, asked);
  const checks = answer === LATE ? { answer: `no answer within ${READINESS_WITHIN_MS} ms` } : answer;
  const ready = Object.values(checks).every((trouble) => trouble === null);
  return { status: ready ? 200 : 503, body: { ready, checks } };
}

async function respond(
  options: HealthOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, 405, 'text/plain', 'only GET\n');
  } else if (path === '/healthz') {
    send(response, 200, 'text/plain', 'ok\n');
  } else if (path === '/readyz') {
    const { status, body } = await readinessAnswer(options);
    send(response, status, 'application/json', `${JSON.stringify(body)}\n`);
  } else if (path === '/metrics') {
    await sendMetrics(options.metrics, response);
  } else {
    send(response, 404, 'text/plain', 'only /healthz, /readyz and /metrics\n');
  }
}

function metadataOf({ headers }: IncomingMessage): Parameters<typeof isCrossSite>[0] {
  const text = (name: string): string | undefined => headers[name]?.toString();
  return { site: text('sec-fetch-site'), mode: text('sec-fetch-mode'), destination: text('sec-fetch-dest') };
}

async function sendMetrics(metrics: Registry, response: ServerResponse): Promise<void> {
  try {
    send(response, 200, metrics.contentType, await metrics.metrics());
  } catch (error) {
    send(response, 500, 'text/plain', `${String(error)}\n`);
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
