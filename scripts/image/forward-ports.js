// Hands connections on: `node forward-ports.js 8080=scheduler:8080 …`. Containers whose network has no way out cannot publish a port; the one
// that runs this stands on both sides. It reads nothing of what passes.
import { connect, createServer } from 'node:net';

const FORM = /^(\d{1,5})=([\w.-]+):(\d{1,5})$/;

const servers = process.argv.slice(2).map((text) => {
  const [, listen, host, port] =
    FORM.exec(text) ?? end(64, `must be PORT=HOST:PORT, not ${JSON.stringify(text)}`);
  return forward(Number(listen), { host, port: Number(port) });
});
if (servers.length === 0) end(64, 'usage: forward-ports.js PORT=HOST:PORT …');
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(0));

function forward(listen, target) {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    // Names are looked up anew for each connection: of several schedulers the next one is tried where one is gone.
    const far = connect({ ...target, allowHalfOpen: true, noDelay: true });
    near.pipe(far).pipe(near);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  server.on('error', (error) => end(1, error.message));
  return server.listen(listen, '0.0.0.0');
}

function end(code, message) {
  console.error(message);
  process.exit(code);
}
