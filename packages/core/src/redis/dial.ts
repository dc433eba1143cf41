import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Redis } from 'ioredis';
import { messageOf } from '../runtime/errors.ts';

/** For a connection to stand. */
const CONNECTED_WITHIN_MS = 2_000;

/** A server tells what it thinks of a client's certificate right after the handshake, on its own. */
const TOLD_WITHIN_MS = 500;

/** Of a server with `tls-auth-clients yes`, to a client that shows no certificate. */
const CERTIFICATE_REQUIRED = 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED';

/**
 * What stands in the way of a connection to a Sentinel (of several, the first) or of TLS, such as a certificate that is not
 * trusted. The client says of a Sentinel only that a connection was closed, and of a certificate that it does not have often only
 * that the connection was reset. Null when nothing does, and for a connection without both.
 */
export async function dial({ options }: Redis): Promise<Error | null> {
  const [sentinel] = options.sentinels ?? [];
  const tls = sentinel === undefined ? options.tls : options.sentinelTLS;
  if (sentinel === undefined && tls === undefined) return null;
  const { host = '127.0.0.1', port = 0 } = sentinel ?? options;
  try {
    await stand(() => (tls === undefined ? connect({ host, port }) : connectTls({ host, port, ...tls })));
    return null;
  } catch (cause) {
    const name = sentinel === undefined ? 'Redis' : 'the Sentinel';
    return new Error(`${name} at ${host}:${port}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error && error.code === CERTIFICATE_REQUIRED
    ? 'asks for a certificate, and muster.redis.cert_file and key_file name none'
    : messageOf(error).trim();
}

/** Resolves for a connection that stands; rejects with what ended it. It sends nothing: an answer would be lost with the connection. */
function stand(open: () => Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = open();
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${CONNECTED_WITHIN_MS} ms`));
    }, CONNECTED_WITHIN_MS);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      setTimeout(() => {
        resolve();
        socket.destroy();
      }, TOLD_WITHIN_MS);
    });
    // Or it would end without a word, like a stream that nothing reads.
    socket.resume();
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(timer);
      reject(new Error('closed the connection'));
    });
  });
}
