/** The HTTP server: which room a request goes to, and the faults of the proxy as a whole. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Cluster } from '../cluster/cluster.ts';
import { answerControl } from './control-routes.ts';
import { dropConnection, type Exchange, sendJson, sendTraceError, wait } from './http-exchange.ts';
import { answerJoin } from './join-routes.ts';
import { answerTctl } from './tctl-routes.ts';
import { answerWebapi } from './webapi-routes.ts';

/** Longer than any client keeps an idle connection, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;

/** A server, not yet listening. */
export function createClusterServer(cluster: Cluster): Server {
  const server = createServer((request, response) => {
    answer(cluster, exchangeOf(request, response)).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end(String(error));
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

function exchangeOf(request: IncomingMessage, response: ServerResponse): Exchange {
  const target = request.url ?? '/';
  const questionMark = target.indexOf('?');
  return {
    request,
    response,
    method: request.method ?? 'GET',
    path: questionMark < 0 ? target : target.slice(0, questionMark),
    query: new URLSearchParams(questionMark < 0 ? '' : target.slice(questionMark + 1)),
  };
}

async function answer(cluster: Cluster, exchange: Exchange): Promise<void> {
  const { path } = exchange;
  const isJoin = path === '/_sim/join' && exchange.method === 'POST';
  const isTctl = path.startsWith('/_sim/tctl/');
  if (path.startsWith('/_sim/') && !isJoin && !isTctl) return answerControl(cluster, exchange);
  const { proxy: fault, slowMs } = cluster.faults;
  if (fault === 'down') return dropConnection(exchange);
  if (fault === 'error') return sendJson(exchange, 503, { error: { message: 'service unavailable' } });
  if (fault === 'slow' && !(await wait(exchange, cluster.clock.scaleMs(slowMs)))) return undefined;
  if (isJoin) return answerJoin(cluster, exchange);
  if (isTctl) return answerTctl(cluster, exchange);
  if (await answerWebapi(cluster, exchange)) return undefined;
  return sendTraceError(exchange, 404, `path ${path} not found`);
}
