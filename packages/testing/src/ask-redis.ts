import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsFiles } from './redis-tls.ts';

/** Where a server or a Sentinel on loopback listens; with files where it speaks TLS. */
interface Listener {
  readonly port: number;
  readonly tlsFiles?: TlsFiles | undefined;
}

/**
 * What a server answers until it closes, or until the answer has `end` in it: a Sentinel does not close.
 *
 * @param commands as typed by hand, each with its line end, QUIT at last
 */
export function askRedis({ port, tlsFiles }: Listener, commands: string, end?: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const place = { port, host: '127.0.0.1' };
    const socket =
      tlsFiles === undefined ? connect(place) : connectTls({ ...place, ...contentsOf(tlsFiles) });
    socket.once(tlsFiles === undefined ? 'connect' : 'secureConnect', () => socket.write(commands));
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
      if (end?.test(answer) === true) socket.destroy();
    });
    socket.once('close', () => {
      resolve(answer);
    });
    socket.once('error', reject);
  });
}

function contentsOf({ ca_file, cert_file, key_file }: TlsFiles) {
  return { ca: readFileSync(ca_file), cert: readFileSync(cert_file), key: readFileSync(key_file) };
}
