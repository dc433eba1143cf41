import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';

/** As long as the client waits for one. */
const ANSWER_WITHIN_MS = 2_000;

/**
 * Why the first Sentinel of a connection cannot be asked, such as a certificate that is not trusted: the client says only that
 * a connection was closed. Null when it answers, whatever that is, and for a connection without Sentinels.
 */
export async function dialSentinel({ options }: Redis): Promise<Error | null> {
  const { sentinels, sentinelTLS } = options;
  const [first] = sentinels ?? [];
  if (first === undefined) return null;
  const { host = '127.0.0.1', port = 26_379 } = first;
  const place = { host, port };
  try {
    await anyAnswer(() =>
      sentinelTLS === undefined ? connect(place) : connectTls({ ...place, ...sentinelTLS }),
    );
    return null;
  } catch (cause) {
    return new Error(`the Sentinel ${host}:${port} cannot be asked: ${messageOf(cause)}`, { cause });
  }
}

function anyAnswer(dial: () => Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = dial();
    // A certificate of ours that is missing or not taken is told after the connection stands, to a client that sends something.
    socket.write('PING\r\n');
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      socket.destroy(new Error(`it did not answer within ${ANSWER_WITHIN_MS} ms`));
    });
    socket.once('data', () => {
      resolve();
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      reject(new Error('it closed the connection'));
    });
  });
}
