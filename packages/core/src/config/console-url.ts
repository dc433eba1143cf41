import type { ConsoleSettings } from './model.ts';

/** Where a browser on this machine opens the console: `http://127.0.0.1:8080`. @param port where the system chose it */
export function consoleUrl(
  { host, port }: Pick<ConsoleSettings, 'host' | 'port'>,
  chosenPort: number = port,
): string {
  return `http://${hostInUrl(host)}:${chosenPort}`;
}

/** An address that stands for all of them cannot be opened; this machine's can. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
