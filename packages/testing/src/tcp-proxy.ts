import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP hop on loopback that a test can break. */
export interface TcpProxy {
  readonly port: number;
  /** True: bytes of both directions vanish and connections stay open, as behind a broken network. False: they are cut, and new ones work. */
  swallow(on: boolean): void;
  close(): Promise<void>;
}

/**
 * Starts a hop to a port of this machine.
 *
 * @param port where it listens; 0 takes a free one
 * @param delayMs how much longer each answer takes, as from a server in another zone
 */
export async function startTcpProxy(targetPort: number, port = 0, delayMs = 0): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let swallowing = false;
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (swallowing) return;
        if (delayMs === 0 || from === client) to.write(data);
        else setTimeout(() => to.write(data), delayMs);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow: (on) => {
      // A stream that lost bytes must not go on.
      if (!on) cutAll();
      swallowing = on;
    },
    close: async () => {
      cutAll();
      server.close();
      await once(server, 'close');
    },
  };
}
