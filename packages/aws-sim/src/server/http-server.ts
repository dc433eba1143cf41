import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { answerControl, type ControlAnswer } from '../report/control.ts';
import { dispatch } from './dispatch.ts';
import type { Simulation } from './simulation.ts';

/** Largest request body that is read. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** Up to so much of a larger one is read away, so that its sender hears the answer instead of a broken connection. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;
/** How long a request that is to time out is held, at most; clients give up long before. Real milliseconds. */
const SILENCE_MS = 120_000;

/** The HTTP side of a simulation: AWS on every path but those under `/_sim/`. */
export function createAwsServer(sim: Simulation): Server {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > MAX_DISCARDED_BYTES) request.destroy();
    });
    request.on('error', () => {
      response.destroy();
    });
    request.on('end', () => {
      if (bytes > MAX_BODY_BYTES) {
        response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' });
        response.end('Request Entity Too Large\n');
        return;
      }
      const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      if (request.url?.startsWith('/_sim/') === true) void control(sim, request, response, body);
      else answerAws(sim, request, response, body);
    });
  });
  // Longer than any client keeps an idle connection: a close of ours must not race with its next request.
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 130_000;
  server.requestTimeout = 0;
  server.maxRequestsPerSocket = 0;
  return server;
}

function answerAws(sim: Simulation, request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { method = 'POST', url = '/', headers } = request;
  const answer = dispatch(sim, { method, url, headers, body }, randomUUID());
  const send = (): void => {
    if (answer.silence === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (answer.wire === null || response.destroyed) return;
    const { status, headers: answerHeaders, body: text } = answer.wire;
    response.writeHead(status, { ...answerHeaders, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };
  if (answer.silence === 'timeout') {
    const timer = setTimeout(() => request.socket.destroy(), SILENCE_MS);
    timer.unref();
    response.on('close', () => {
      clearTimeout(timer);
    });
    return;
  }
  if (answer.delayMs >= 1) sim.clock.after(answer.delayMs * sim.clock.speed, send);
  else send();
}

async function control(
  sim: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  let answer: ControlAnswer;
  try {
    answer = await answerControl(
      sim,
      request.method ?? 'GET',
      new URL(request.url ?? '/', 'http://sim'),
      body,
    );
  } catch (error) {
    answer = { status: 500, value: { error: String(error) } };
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.value));
}
