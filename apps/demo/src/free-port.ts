import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** The wanted port of loopback when it is free, else any that is: a demo should not fail because something else runs. */
export async function findFreePort(wanted: number): Promise<number> {
  return (await tryPort(wanted)) ?? (await tryPort(0)) ?? 0;
}

/** The port when it can be listened on; null when it is taken. */
async function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return null;
  } finally {
    server.close();
  }
}
