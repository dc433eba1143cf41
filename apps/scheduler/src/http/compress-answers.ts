import compression from 'compression';
import type { RequestHandler } from 'express';

/** Smaller answers do not get smaller. */
const COMPRESSED_FROM_BYTES = 1_024;

/** Compresses by brotli or gzip what a client takes so: pages, answers, exports. Events must not wait in a compressor for more of them. */
export function compressAnswers(): RequestHandler {
  return compression({
    threshold: COMPRESSED_FROM_BYTES,
    filter: (request, response) =>
      !String(response.getHeader('Content-Type')).startsWith('text/event-stream') &&
      compression.filter(request, response),
  });
}
