/** Small pieces of HTTP that every route uses. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request on its way to an answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** Answers with JSON. */
export function sendJson(exchange: Exchange, status: number, body: unknown): void {
  sendText(exchange, status, 'application/json', JSON.stringify(body));
}

/** Answers with text. */
export function sendText(exchange: Exchange, status: number, contentType: string, body: string): void {
  exchange.response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
  });
  exchange.response.end(body);
}

/** An error in the form Teleport's proxy gives it (`trace`). */
export function sendTraceError(exchange: Exchange, status: number, message: string): void {
  sendJson(exchange, status, { error: { message }, message });
}

/** Drops the connection without an answer, as a proxy that is down or restarting does. */
export function dropConnection(exchange: Exchange): void {
  exchange.request.socket.destroy();
}

type BodyRead<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** Reads the whole body as text, up to `maxBytes`. */
export async function readText(exchange: Exchange, maxBytes = 64 * 1024 * 1024): Promise<BodyRead<string>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of exchange.request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) return { ok: false, error: `the body is longer than ${maxBytes} bytes` };
    chunks.push(chunk);
  }
  return { ok: true, value: Buffer.concat(chunks).toString('utf8') };
}

/** Reads the whole body as JSON. */
export async function readJson(exchange: Exchange): Promise<BodyRead<unknown>> {
  const text = await readText(exchange);
  if (!text.ok) return text;
  try {
    return { ok: true, value: JSON.parse(text.value) };
  } catch {
    return { ok: false, error: 'the body is not JSON' };
  }
}

/** Waits, unless the client goes away first. Returns whether it is still there. */
export function wait(exchange: Exchange, delayMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      exchange.response.off('close', gone);
      resolve(true);
    }, delayMs);
    exchange.response.once('close', gone);
  });
}
