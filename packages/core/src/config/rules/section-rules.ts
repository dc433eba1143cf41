import {
  type EnvironmentSettings,
  inEnvironment,
  type ListenAddress,
  parseListenAddress,
} from '../environment.ts';
import type { RedisSettings } from '../model.ts';
import type { MusterShape } from '../muster-schema.ts';
import type { TextReading } from '../source/read-text-file.ts';
import { readRedisUrl, withPassword } from '../redis-url.ts';
import type { Findings, Report } from '../source/report.ts';
import { readSecretFile, Secret } from '../secret.ts';

/** Reads a small file named in the configuration. */
export type ReadFile = (path: string) => TextReading;

/** Reads `host:port` of a listen key; reports and falls back to loopback when it is none. */
export function checkListen(text: string, path: readonly string[], report: Report): ListenAddress {
  const address = parseListenAddress(text);
  if (address === null) {
    report.fault(path, `must be host:port, such as 127.0.0.1:8080, found ${JSON.stringify(text)}`);
  }
  return address ?? { host: '127.0.0.1', port: 0 };
}

/** Where Redis is, with the password that was given by file: from then on it is part of the URL. */
export function compileRedis(
  shape: MusterShape,
  environment: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): RedisSettings {
  const settings = {
    prefix: checkPrefix(shape, report),
    ...readTls(shape, readFile, report),
    ...readSentinelPassword(shape, readFile, report),
  };
  const url = checkRedisUrl(shape, environment, findings, report);
  checkFit(shape, url, report);
  const { redisPasswordFile } = environment;
  const path = redisPasswordFile ?? shape.redis.password_file;
  const address = readRedisUrl(url);
  if (path === undefined || address === null) return { url: new Secret(url), ...settings };
  const place = ['redis', 'password_file'];
  if (address.password !== '') {
    // It was written for that very server.
    const message = 'not read: the Redis URL has a password of its own';
    if (redisPasswordFile === null) report.note(place, message);
    else findings.notes.push(inEnvironment('REDIS_PASSWORD_FILE', message));
    return { url: new Secret(url), ...settings };
  }
  const reading = readSecretFile(path, readFile);
  if (reading.ok) {
    return { url: new Secret(withPassword(url, reading.text)), passwordFile: path, ...settings };
  }
  if (redisPasswordFile === null) report.fault(place, reading.problem);
  else findings.faults.push(inEnvironment('REDIS_PASSWORD_FILE', reading.problem));
  return { url: new Secret(url), ...settings };
}

const TLS_KEYS = ['ca_file', 'cert_file', 'key_file'] as const;

/** A file that would not be used is a slip: a client that means to show a certificate must not connect without. */
function checkFit({ redis }: MusterShape, url: string, report: Report): void {
  const address = readRedisUrl(url);
  if (address === null) return;
  for (const key of TLS_KEYS) {
    if (redis[key] !== undefined && !address.serverUrl.startsWith('rediss:')) {
      report.fault(
        ['redis', key],
        'is of no use: the Redis URL does not begin with rediss, so there is no TLS',
      );
    }
  }
  if (redis.sentinel_password_file !== undefined && address.sentinel === null) {
    report.fault(['redis', 'sentinel_password_file'], 'is of no use: the Redis URL names no Sentinels');
  }
}

function readTls(
  { redis }: MusterShape,
  readFile: ReadFile | null,
  report: Report,
): Pick<RedisSettings, 'tls'> {
  if (TLS_KEYS.every((key) => redis[key] === undefined)) return {};
  const read = (key: (typeof TLS_KEYS)[number]): string | null => {
    const path = redis[key];
    if (path === undefined) return null;
    const reading = readSecretFile(path, readFile);
    if (reading.ok && reading.text.includes('-----BEGIN ')) return reading.text;
    report.fault(['redis', key], reading.ok ? 'the file is not in PEM (-----BEGIN …)' : reading.problem);
    return null;
  };
  const [ca, cert, key] = TLS_KEYS.map(read) as [string | null, string | null, string | null];
  for (const [one, other] of [
    ['cert_file', 'key_file'],
    ['key_file', 'cert_file'],
  ] as const) {
    if (redis[one] !== undefined && redis[other] === undefined) {
      report.fault(['redis', one], `needs ${other}`);
    }
  }
  return { tls: { ca, client: cert === null || key === null ? null : { cert, key: new Secret(key) } } };
}

function readSentinelPassword(
  { redis: { sentinel_password_file: path } }: MusterShape,
  readFile: ReadFile | null,
  report: Report,
): Pick<RedisSettings, 'sentinelPassword'> {
  if (path === undefined) return {};
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return { sentinelPassword: new Secret(reading.text) };
  report.fault(['redis', 'sentinel_password_file'], reading.problem);
  return {};
}

/** The address may hold a password, so no message repeats it. */
function checkRedisUrl(
  shape: MusterShape,
  environment: EnvironmentSettings,
  findings: Findings,
  report: Report,
): string {
  const url = environment.redisUrl ?? shape.redis.url;
  if (readRedisUrl(url) === null) {
    const message =
      'must be redis://host:port or rediss://host:port, with user and password (a % in them written as %25) and a database number if needed; of Sentinels redis+sentinel://host:port,host:port/NAME; of a Redis Cluster redis+cluster://host:port,host:port, without a database number; the last two with rediss+ too';
    if (environment.redisUrl === null) report.fault(['redis', 'url'], message);
    else findings.faults.push(inEnvironment('REDIS_URL', message));
  }
  return url;
}

function checkPrefix(shape: MusterShape, report: Report): string {
  const { prefix } = shape.redis;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    report.fault(['redis', 'prefix'], 'may hold 1 to 64 letters, digits, - and _');
  }
  return prefix;
}

/** 32 bytes. */
const KEY = /^[0-9a-f]{64}$/;
/** A rotation needs two. Each one more is another comparison for every marker that is none of ours. */
const MOST_KEYS = 10;
const HOW_TO_MAKE_ONE = 'make one with: openssl rand -hex 32';

/** A text of keys, read; `problem` follows the name of where it was found. It never repeats the text. */
type KeyReading =
  | { readonly ok: true; readonly keys: readonly Secret[] }
  | { readonly ok: false; readonly problem: string };

/**
 * The keys of the markers: those of `MUSTER_MARKER_KEY`, else those of the file that `muster.marker_key_file` names. The
 * first one signs, all verify. Empty when neither is there.
 */
export function readMarkerKeys(
  shape: MusterShape,
  environment: Pick<EnvironmentSettings, 'markerKey'>,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): readonly Secret[] {
  if (environment.markerKey !== null) {
    const reading = parseMarkerKeys(environment.markerKey.replaceAll(',', '\n'));
    if (reading.ok) return reading.keys;
    findings.faults.push(inEnvironment('MUSTER_MARKER_KEY', reading.problem));
    return [];
  }
  const path = shape.marker_key_file;
  if (path === undefined) return [];
  const where = ['marker_key_file'];
  const fault = (message: string): readonly Secret[] => {
    report.fault(where, message);
    return [];
  };
  if (path === '') return fault('names no file: remove the key, or name the file with the keys');
  if (readFile === null) return fault('files are not read here');
  const file = readFile(path);
  if (!file.ok) return fault(`the file ${path} ${file.problem}`);
  const reading = parseMarkerKeys(file.text);
  return reading.ok ? reading.keys : fault(`the file ${path} ${reading.problem}`);
}

function parseMarkerKeys(text: string): KeyReading {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const keys = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const key = line.toLowerCase();
    if (!KEY.test(key)) {
      return {
        ok: false,
        problem: `has no key in line ${index + 1}: a key is 64 hexadecimal digits, one a line; ${HOW_TO_MAKE_ONE}`,
      };
    }
    // A line of one digit over and over is a placeholder that is easily guessed.
    if (new Set(key).size < 4) {
      return { ok: false, problem: `has a placeholder in line ${index + 1}; ${HOW_TO_MAKE_ONE}` };
    }
    keys.add(key);
  }
  if (keys.size === 0) return { ok: false, problem: `holds no key; ${HOW_TO_MAKE_ONE}` };
  if (keys.size > MOST_KEYS) {
    return { ok: false, problem: `holds ${keys.size} keys: at most ${MOST_KEYS}, remove the old ones` };
  }
  return { ok: true, keys: [...keys].map((key) => new Secret(key)) };
}
