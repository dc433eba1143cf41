import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Node takes in one connection per listening socket and turn of its loop. On a machine with too much to do a turn takes
 * long, and hundreds of clients that connect anew would wait for half a minute, with the requests they have sent: later
 * than the world's clock allows any request to be. AWS takes in connections by the thousand, so there are several sockets.
 */
const SOCKETS = 16;

/** A server that can be connected to. */
export interface Listening {
  readonly port: number;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Listens on one port with several sockets where the system can share a port among them (`SO_REUSEPORT`), else with one.
 * Rejects with the system's error when the port is taken.
 *
 * @param port 0 for any free one
 */
export async function listen(server: HttpServer, port: number, host: string): Promise<Listening> {
  // Sockets that share a port would share it with a stranger's too: a plain one finds out whether it is free.
  server.listen(port, host);
  await once(server, 'listening');
  const taken = (server.address() as AddressInfo).port;
  const shared = process.platform === 'linux' ? await shareWith(server, taken, host) : [];
  return {
    port: taken,
    close: async () => {
      // A listener ends when the connections that it took in have ended.
      const ended = [server, ...shared].map(closeListener);
      server.closeAllConnections();
      await Promise.all(ended);
    },
  };
}

/** Replaces the plain socket by shared ones, whose connections all go to the same server. */
async function shareWith(server: HttpServer, port: number, host: string): Promise<readonly Server[]> {
  await closeListener(server);
  server.listen({ port, host, reusePort: true });
  await once(server, 'listening');
  const shared = Array.from({ length: SOCKETS - 1 }, () =>
    createServer((socket) => {
      server.emit('connection', socket);
    }),
  );
  await Promise.all(
    shared.map((one) => {
      one.listen({ port, host, reusePort: true });
      return once(one, 'listening');
    }),
  );
  return shared;
}

function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
  });
}
