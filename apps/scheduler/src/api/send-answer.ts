/** Sends what a handler answers: cleaned of secrets, with a tag by which an unchanged answer need not be sent again. */
import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Redact } from '@muster/core/runtime/redaction';
import { redactedJson } from '../http/redacted-json.ts';

/** What an answer says of its own age; it is no part of the tag, or no answer would ever be the same. */
interface Aged {
  readonly asOf: string;
  readonly ageMs: number;
}

/** When the data of an answer was read: of a 304 too, whose body is one that was read before. */
export const AS_OF = 'Muster-As-Of';

/**
 * Sends JSON. A GET carries a weak `ETag` of the answer without its age, and is answered 304 where the client has it
 * already: Express compares. Browsers may keep it, and ask each time whether it is still right.
 */
export function sendJson(
  { method }: Pick<Request, 'method'>,
  response: Response,
  options: { readonly status: number; readonly body: object; readonly redact: Redact },
): void {
  const { status, body, redact } = options;
  const { asOf, ageMs, ...rest } = body as Partial<Aged> & object;
  const text = redactedJson(rest, redact);
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead && status === 200) {
    response.set('ETag', `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`);
  }
  if (asOf !== undefined) response.set(AS_OF, asOf);
  const age = asOf === undefined ? '' : `${JSON.stringify({ asOf, ageMs }).slice(0, -1)},`;
  response
    .status(status)
    .set('Cache-Control', isRead ? 'private, no-cache' : 'no-store')
    .type('application/json')
    .send(age === '' ? text : joinObjects(age, text));
}

/** `{"asOf":…,"ageMs":…,` and `{…}` as one object. */
function joinObjects(begin: string, rest: string): string {
  return rest === '{}' ? `${begin.slice(0, -1)}}` : begin + rest.slice(1);
}

/** A reader that takes nothing for so long is dropped. */
const PATIENCE_MS = 60_000;

/** Writes a stream as fast as its reader takes it; ends early when the reader has gone, or takes nothing any more. */
export async function sendStream(
  response: Response,
  options: {
    readonly headers: Readonly<Record<string, string>>;
    readonly chunks: AsyncIterable<string>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { headers, chunks, signal } = options;
  response.status(200).set('Cache-Control', 'no-store').set(headers);
  response.flushHeaders();
  const drained = watchDrains(response, signal);
  for await (const chunk of chunks) {
    if (signal.aborted) return;
    if (!response.write(chunk)) await drained();
  }
  response.end();
}

/** Waits until more can be written. One listener for the whole answer: a compressor keeps those that are taken off again. */
function watchDrains(response: Response, signal: AbortSignal): () => Promise<void> {
  let wake = (): void => undefined;
  response.on('drain', () => {
    wake();
  });
  signal.addEventListener('abort', () => {
    wake();
  });
  return () =>
    new Promise((resolve) => {
      const patience = setTimeout(() => response.destroy(), PATIENCE_MS);
      wake = () => {
        clearTimeout(patience);
        resolve();
      };
      if (signal.aborted) wake();
    });
}
