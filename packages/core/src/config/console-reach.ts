import type { ConsoleSettings } from './model.ts';

/** Where the console is opened: its `public_url`, else as a browser on this machine does it. @param port where the system chose it */
export function consoleUrl(
  settings: Pick<ConsoleSettings, 'host' | 'port' | 'publicUrl' | 'tls'>,
  port: number = settings.port,
): string {
  return settings.publicUrl ?? localUrl(settings, port);
}

/** As a browser on this machine opens it: `http://127.0.0.1:8080`. */
export function localUrl({ host, tls }: Pick<ConsoleSettings, 'host' | 'tls'>, port: number): string {
  return `${tls === null ? 'http' : 'https'}://${hostInUrl(host)}:${port}`;
}

/** Whether browsers reach the console by TLS, its own or a proxy's. */
export function isReachedByTls({ tls, publicUrl }: Pick<ConsoleSettings, 'tls' | 'publicUrl'>): boolean {
  return publicUrl === null ? tls !== null : publicUrl.startsWith('https:');
}

/** Whether nothing says who may come in: then only this machine may reach the console, and it looks freely. */
export function isOpenConsole(
  settings: Pick<ConsoleSettings, 'users' | 'oidc' | 'trustedProxy' | 'password'>,
): boolean {
  const { users, oidc, trustedProxy, password } = settings;
  return users === null && oidc === null && trustedProxy === null && password === null;
}

/** An address that stands for all of them cannot be opened; this machine's can. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
