import { parseDuration } from './value-shapes.ts';
import type { ConfigFault } from './model.ts';
import type { Findings } from './source/report.ts';
import { nearest } from './source/suggest.ts';

/** Environment variables as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Our own variables: any other that starts with `MUSTER_` is refused. */
export const MUSTER_VARIABLES = {
  MUSTER_CONFIG: 'The configuration file. Default `./muster.yaml`.',
  MUSTER_COMMIT: 'The commit that this release was built from, for `muster version`. Set by the image.',
  MUSTER_CONSOLE_LISTEN: '`host:port` of the console; stronger than `muster.console.listen`.',
  MUSTER_CONSOLE_PASSWORD: 'Password of the console; stronger than `muster.console.password_file`.',
  MUSTER_MARKER_KEY:
    'The marker key; stronger than `muster.marker_key_file`. With several, separated by commas, the first signs and all verify.',
  MUSTER_CONSOLE_BEHIND_LOOPBACK:
    '`1`: the console may listen on every interface without a password, because only loopback leads to it. Set in the container image’s compose file, whose port is published on 127.0.0.1 only.',
  MUSTER_WORKER_LISTEN: '`host:port` of a worker’s health and metrics; stronger than `muster.worker.listen`.',
  MUSTER_SPEED:
    'Makes Muster’s own pauses and timeouts this many times shorter, for simulations. Refused unless `AWS_ENDPOINT_URL` is on loopback.',
} as const;

/** What the environment says; null where it says nothing. */
export interface EnvironmentSettings {
  readonly redisUrl: string | null;
  readonly redisPasswordFile: string | null;
  readonly consoleListen: ListenAddress | null;
  readonly consolePassword: string | null;
  readonly markerKey: string | null;
  readonly consoleBehindLoopback: boolean;
  readonly workerListen: ListenAddress | null;
  /** At least 1. */
  readonly speed: number;
  /** Teleport's own variable for the install timeout, already within its bounds. */
  readonly installTimeoutMs: number | null;
}

/** Reads the environment's part of the configuration. An empty variable counts as none. */
export function readEnvironment(env: Environment, findings: Findings): EnvironmentSettings {
  const fault = (name: string, message: string) => findings.faults.push(inEnvironment(name, message));
  const value = (name: string) => (env[name] === '' ? undefined : env[name]);
  const listen = (name: string): ListenAddress | null => {
    const text = value(name);
    if (text === undefined) return null;
    const address = parseListenAddress(text);
    if (address === null) fault(name, 'must be host:port, such as 127.0.0.1:8080');
    return address;
  };
  for (const name of Object.keys(env).filter((name) => name.startsWith('MUSTER_'))) {
    if (Object.hasOwn(MUSTER_VARIABLES, name)) continue;
    const known = Object.keys(MUSTER_VARIABLES);
    const near = nearest(name, known);
    fault(
      name,
      near === null
        ? `unknown variable; known: ${known.join(', ')}`
        : `unknown variable: did you mean ${near}?`,
    );
  }
  return {
    redisUrl: value('REDIS_URL') ?? null,
    redisPasswordFile: value('REDIS_PASSWORD_FILE') ?? null,
    consoleListen: listen('MUSTER_CONSOLE_LISTEN'),
    consolePassword: value('MUSTER_CONSOLE_PASSWORD') ?? null,
    markerKey: value('MUSTER_MARKER_KEY') ?? null,
    consoleBehindLoopback: readSwitch(value('MUSTER_CONSOLE_BEHIND_LOOPBACK'), (message) =>
      fault('MUSTER_CONSOLE_BEHIND_LOOPBACK', message),
    ),
    workerListen: listen('MUSTER_WORKER_LISTEN'),
    speed: readSpeed(env, (message) => fault('MUSTER_SPEED', message)),
    installTimeoutMs: readInstallTimeout(value(TELEPORT_TIMEOUT), (message) =>
      findings.notes.push(inEnvironment(TELEPORT_TIMEOUT, message)),
    ),
  };
}

/** A fault or note about a variable: it has no place in the file. */
export function inEnvironment(name: string, message: string): ConfigFault {
  return { file: 'environment', line: 0, column: 0, path: name, message };
}

function readSwitch(text: string | undefined, fault: (message: string) => void): boolean {
  if (text !== undefined && text !== '0' && text !== '1') fault('must be 1, 0 or absent');
  return text === '1';
}

function readSpeed(env: Environment, fault: (message: string) => void): number {
  const text = env['MUSTER_SPEED'] ?? '';
  if (text === '') return 1;
  const speed = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(speed >= 1 && speed <= 10_000)) {
    fault('must be a number from 1 to 10000');
    return 1;
  }
  if (speed === 1) return 1;
  const reason = whyNotSimulated(env);
  if (reason !== null) fault(`only a simulation may run faster than time: ${reason}`);
  return speed;
}

/** Null when every call to AWS stays on this machine. */
function whyNotSimulated(env: Environment): string | null {
  const endpoint = env['AWS_ENDPOINT_URL'] ?? '';
  if (endpoint === '') return 'AWS_ENDPOINT_URL is not set, so this would be the real AWS';
  if ((env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] ?? '').toLowerCase() === 'true') {
    return 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS turns AWS_ENDPOINT_URL off';
  }
  // A variable for one service wins over the general one in the SDK.
  const names = Object.keys(env).filter(
    (name) => name.startsWith('AWS_ENDPOINT_URL') && (env[name] ?? '') !== '',
  );
  const far = names.find((name) => !isLoopbackUrl(env[name] ?? ''));
  return far === undefined ? null : `${far} is not on loopback`;
}

function isLoopbackUrl(text: string): boolean {
  return URL.canParse(text) && isLoopbackHost(new URL(text).hostname);
}

const TELEPORT_TIMEOUT = 'TELEPORT_UNSTABLE_AWS_INSTALL_TIMEOUT';

/** As Teleport reads it: bounded to 10 s and 90 min, and ignored when it is no duration. */
function readInstallTimeout(text: string | undefined, note: (message: string) => void): number | null {
  if (text === undefined) return null;
  const ms = parseDuration(text);
  if (ms === null) {
    note('is not a duration: ignored, as Teleport does');
    return null;
  }
  return Math.min(Math.max(ms, 10_000), 90 * 60_000);
}

/** Where a server listens. */
export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** Reads `host:port`, an IPv6 host in brackets. Null when it is not that; an empty host would mean every interface, so it must be said. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? null : { host, port };
}

/** Whether only this machine can reach a host name or address. */
export function isLoopbackHost(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase();
  return plain === 'localhost' || plain === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(plain);
}
