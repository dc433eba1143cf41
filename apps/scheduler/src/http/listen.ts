import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConsoleSettings } from '@muster/core/config/model';

/** A listening console. */
export interface Listening {
  /** As a browser on this machine opens it, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops listening and drops what is still open: no visitor waits for a page when the process ends. */
  close(): Promise<void>;
}

/** Listens where the configuration says. Rejects with Node's own error (`EADDRINUSE` …) when it cannot. */
export async function listen(
  app: RequestListener,
  settings: Pick<ConsoleSettings, 'host' | 'port'>,
): Promise<Listening> {
  const server = createServer(app);
  server.listen(settings.port, settings.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${hostInUrl(settings.host)}:${port}`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** An address that stands for all of them cannot be opened; this machine's can. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
