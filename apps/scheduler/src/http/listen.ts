import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { localUrl } from '@muster/core/config/console-reach';
import type { ConsoleSettings, TlsSettings } from '@muster/core/config/model';

/** A listening console. */
export interface Listening {
  /** As a browser on this machine opens it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Gives browsers that come from now on another certificate. Nothing where the console does not speak TLS. */
  renew(tls: TlsSettings | null): void;
  /** Stops listening and drops what is still open: no visitor waits for a page when the process ends. */
  close(): Promise<void>;
}

/**
 * How long a connection may be idle: longer than a load balancer lets one be (a minute), or a request would now and then meet
 * a connection that is just being closed.
 */
const KEPT_OPEN_MS = 75_000;

/** Listens where the configuration says. Rejects with Node's own error (`EADDRINUSE` …) when it cannot. */
export async function listen(
  app: RequestListener,
  settings: Pick<ConsoleSettings, 'host' | 'port' | 'tls'>,
): Promise<Listening> {
  const tlsServer: TlsServer | null =
    settings.tls === null ? null : createTlsServer(contextOf(settings.tls), app);
  const server = tlsServer ?? createServer(app);
  server.keepAliveTimeout = KEPT_OPEN_MS;
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: localUrl(settings, port),
    renew(tls) {
      if (tls !== null) tlsServer?.setSecureContext(contextOf(tls));
    },
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function contextOf({ certificate, key }: TlsSettings) {
  return { cert: certificate, key: key.reveal(), minVersion: 'TLSv1.2' } as const;
}
