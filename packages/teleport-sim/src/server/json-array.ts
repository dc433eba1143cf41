/** A JSON array of any length, written piece by piece. */
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Exchange } from './http-exchange.ts';

const ELEMENTS_PER_WRITE = 200;

/**
 * Streams an array the way Go's `json.MarshalIndent` with four spaces prints it. Never holds more than one write of
 * elements, waits for a slow reader, and gives other requests a turn between writes.
 * @param ending `truncated` stops in the middle of an element and ends the response as if all were well; `cut` breaks
 * the connection there.
 */
export async function sendJsonArray(
  exchange: Exchange,
  elements: Iterable<object>,
  ending: 'whole' | 'truncated' | 'cut',
): Promise<void> {
  const { response } = exchange;
  response.writeHead(200, { 'content-type': 'application/json' });
  let pending: string[] = [];
  let isFirst = true;
  for (const element of elements) {
    pending.push(
      isFirst ? '[\n    ' : ',\n    ',
      JSON.stringify(element, null, 4).replaceAll('\n', '\n    '),
    );
    isFirst = false;
    if (pending.length >= 2 * ELEMENTS_PER_WRITE) {
      const text = pending.join('');
      pending = [];
      if (ending !== 'whole') return endEarly(exchange, text, ending);
      if (!response.write(text)) await drained(exchange);
      await nextTurn();
      if (response.destroyed) return undefined;
    }
  }
  const text = pending.join('');
  if (ending !== 'whole') return endEarly(exchange, text === '' ? '[\n' : text, ending);
  response.end(isFirst ? '[]\n' : `${text}\n]\n`);
  return undefined;
}

function endEarly(exchange: Exchange, text: string, ending: 'truncated' | 'cut'): void {
  const head = text.slice(0, Math.max(1, Math.floor(text.length / 2)));
  if (ending === 'truncated') exchange.response.end(head);
  else exchange.response.write(head, () => exchange.request.socket.destroy());
}

/** Until the reader has taken what was written, or has gone. */
async function drained(exchange: Exchange): Promise<void> {
  const { response } = exchange;
  if (response.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  try {
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  } finally {
    settled.abort();
  }
}
