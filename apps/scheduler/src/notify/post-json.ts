import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { guardedLookup, refusePrivateLiteral } from './address-guard.ts';

/** What a server answered. */
export interface PostAnswer {
  readonly status: number;
  /** The begin of its body; foreign text. */
  readonly text: string;
  /** What it asks for by `Retry-After`; null without. */
  readonly retryAfterMs: number | null;
}

/** Of an answer. */
const TEXT_CHARS = 300;
const BYTES_READ = 4_096;

/**
 * Posts JSON, and follows no redirect: where one leads is not what the operator wrote. A status is an answer, also where the
 * connection breaks before the end of its body: what was taken is not sent again. Rejects when no answer comes, or with a
 * `PrivateAddressError`.
 */
export function postJson(options: {
  readonly url: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly allowPrivate: boolean;
  readonly signal: AbortSignal;
  /** @default the system's */
  readonly lookup?: ReturnType<typeof guardedLookup>;
}): Promise<PostAnswer> {
  const { body, headers, allowPrivate, signal } = options;
  const url = new URL(options.url);
  return new Promise((resolve, reject) => {
    if (!allowPrivate) refusePrivateLiteral(url.hostname);
    const request = (url.protocol === 'http:' ? requestHttp : requestHttps)(url, {
      method: 'POST',
      // A connection of its own: one that was kept was made to an address of earlier.
      agent: false,
      signal,
      ...(allowPrivate ? {} : { lookup: options.lookup ?? guardedLookup() }),
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'muster',
        ...headers,
      },
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        if (length < BYTES_READ) chunks.push(chunk);
        length += chunk.length;
        // A server that goes on talking is not listened to.
        if (length >= BYTES_READ) response.destroy();
      });
      // What breaks from here on ends the body, and `close` comes after it.
      response.on('error', () => undefined);
      request.off('error', reject).on('error', () => undefined);
      response.once('close', () => {
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString('utf8').slice(0, TEXT_CHARS),
          retryAfterMs: retryAfterOf(response.headers['retry-after']),
        });
      });
    });
    request.end(body);
  });
}

/** Seconds, or a date, which is left unread: clocks differ. */
function retryAfterOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1_000 : null;
}
