import {
  inEnvironment,
  type EnvironmentSettings,
  isLoopbackHost,
  parseListenAddress,
  type ListenAddress,
} from './environment.ts';
import type { ConsoleSettings } from './model.ts';
import type { MusterShape } from './muster-schema.ts';
import { readSecretFile, Secret } from './secret.ts';
import type { TextReading } from './read-text-file.ts';
import type { Findings, Report } from './report.ts';

/** Reads a small file named in the configuration. */
export type ReadFile = (path: string) => TextReading;

/** A shorter one can be guessed over the network. */
const SHORTEST_PASSWORD = 8;

/** Where the console listens, and with which password: anywhere but on loopback it needs one. */
export function checkConsole(
  shape: MusterShape,
  environment: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): ConsoleSettings {
  const listen =
    environment.consoleListen ?? checkListen(shape.console.listen, ['console', 'listen'], report);
  const password = environment.consolePassword ?? readPassword(shape, readFile, report);
  const fault = (isFromEnvironment: boolean, variable: string, key: string, message: string) => {
    if (isFromEnvironment) findings.faults.push(inEnvironment(variable, message));
    else report.fault(['console', key], message);
  };
  if (password !== null && password.length < SHORTEST_PASSWORD) {
    const message = `the password of the console needs at least ${SHORTEST_PASSWORD} characters`;
    fault(environment.consolePassword !== null, 'MUSTER_CONSOLE_PASSWORD', 'password_file', message);
  }
  const isOpen = !isLoopbackHost(listen.host) && !environment.consoleBehindLoopback;
  if (isOpen && password === null && !report.isFaulted(['console'])) {
    const message = `the console would be open to the network on ${listen.host}: set a password (MUSTER_CONSOLE_PASSWORD or muster.console.password_file), or listen on 127.0.0.1`;
    fault(environment.consoleListen !== null, 'MUSTER_CONSOLE_LISTEN', 'listen', message);
  }
  return { ...listen, password: password === null ? null : new Secret(password) };
}

/** Reads `host:port` of a listen key; reports and falls back to loopback when it is none. */
export function checkListen(text: string, path: readonly string[], report: Report): ListenAddress {
  const address = parseListenAddress(text);
  if (address === null) {
    report.fault(path, `must be host:port, such as 127.0.0.1:8080, found ${JSON.stringify(text)}`);
  }
  return address ?? { host: '127.0.0.1', port: 0 };
}

function readPassword(shape: MusterShape, readFile: ReadFile | null, report: Report): string | null {
  const path = shape.console.password_file;
  if (path === undefined) return null;
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return reading.text;
  report.fault(['console', 'password_file'], reading.problem);
  return null;
}
