import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisTls } from '@muster/core/config/model';
import { Secret } from '@muster/core/config/secret';
import { freePort, type RedisServer, type RedisServerOptions, startRedis } from './redis-server.ts';

/** What a client needs, by the keys of `muster.redis`: the authority of the servers, and a certificate of its own. */
export interface TlsFiles {
  readonly ca_file: string;
  readonly cert_file: string;
  readonly key_file: string;
}

/** An authority that no machine knows, with one certificate for servers on loopback and one for their clients. */
export interface TestAuthority {
  readonly tlsFiles: TlsFiles;
  /** Settings of a server or a Sentinel: at this port it speaks TLS alone, and lets in those who show a certificate of the authority. */
  settings(port: number): Readonly<Record<string, string>>;
  remove(): void;
}

/** How the server starts. */
interface TlsRedisOptions extends Pick<RedisServerOptions, 'password' | 'appendonly'> {
  /** It stays the caller's. @default one of the server's own, which goes with it */
  readonly authority?: TestAuthority;
}

/** A server that speaks TLS alone. */
export interface TlsRedis extends RedisServer {
  readonly tlsFiles: TlsFiles;
}

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
const LEAF = ['-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE'];

/** Starts a server on loopback. It dies with this process, as `startRedis` says. */
export async function startTlsRedis({
  authority: given,
  ...options
}: TlsRedisOptions = {}): Promise<TlsRedis> {
  const authority = given ?? makeAuthority();
  const port = await freePort();
  const server = await startRedis({ ...options, port, settings: authority.settings(port) });
  return {
    ...server,
    url: server.url.replace('redis:', 'rediss:'),
    tlsFiles: authority.tlsFiles,
    stop: async () => {
      await server.stop();
      if (given === undefined) authority.remove();
    },
  };
}

/** Makes the files, in a temporary folder. Needs `openssl`. */
export function makeAuthority(): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'muster-redis-tls-'));
  const at = (name: string): string => join(folder, name);
  makeCertificate(folder, 'ca', []);
  for (const name of ['server', 'client']) {
    makeCertificate(folder, name, [...LEAF, '-CA', at('ca.pem'), '-CAkey', at('ca.key')]);
  }
  return {
    tlsFiles: { ca_file: at('ca.pem'), cert_file: at('client.pem'), key_file: at('client.key') },
    settings: (port) => ({
      port: '0',
      'tls-port': String(port),
      'tls-cert-file': at('server.pem'),
      'tls-key-file': at('server.key'),
      'tls-ca-cert-file': at('ca.pem'),
      'tls-auth-clients': 'yes',
      'tls-replication': 'yes',
    }),
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The files as a connection takes them. */
export function readTls({ ca_file, cert_file, key_file }: TlsFiles): RedisTls {
  const read = (file: string): string => readFileSync(file, 'utf8');
  return { ca: read(ca_file), client: { cert: read(cert_file), key: new Secret(read(key_file)) } };
}

function makeCertificate(folder: string, name: string, more: readonly string[]): void {
  const out = ['-keyout', join(folder, `${name}.key`), '-out', join(folder, `${name}.pem`)];
  const words = ['req', '-x509', ...CURVE, '-subj', `/CN=${name}`, ...more, ...out];
  execFileSync('openssl', words, { stdio: 'ignore' });
}
