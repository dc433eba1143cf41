import type { ReadFile } from './console-rules.ts';
import { inEnvironment, type EnvironmentSettings } from './environment.ts';
import type { RedisSettings } from './model.ts';
import type { MusterShape } from './muster-schema.ts';
import { readSecretFile } from './read-secret-file.ts';
import type { Findings, Report } from './report.ts';
import { Secret } from './secret.ts';

/** Where Redis is, with the password that was given by file: from then on it is part of the URL. */
export function compileRedis(
  shape: MusterShape,
  environment: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): RedisSettings {
  const url = checkRedisUrl(shape, environment, findings, report);
  const password = readPassword(shape, environment, readFile, findings, report);
  return {
    url: new Secret(password === null ? url : withPassword(url, password, environment, findings, report)),
    prefix: checkPrefix(shape, report),
  };
}

function readPassword(
  shape: MusterShape,
  { redisPasswordFile }: EnvironmentSettings,
  readFile: ReadFile | null,
  findings: Findings,
  report: Report,
): string | null {
  const path = redisPasswordFile ?? shape.redis.password_file ?? '';
  if (path === '') return null;
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return reading.text;
  if (redisPasswordFile === null) report.fault(['redis', 'password_file'], reading.problem);
  else findings.faults.push(inEnvironment('REDIS_PASSWORD_FILE', reading.problem));
  return null;
}

/** A URL that brings its own password keeps it: it was written for that very server. */
function withPassword(
  url: string,
  password: string,
  { redisPasswordFile }: EnvironmentSettings,
  findings: Findings,
  report: Report,
): string {
  if (!isRedisUrl(url)) return url;
  const parsed = new URL(url);
  if (parsed.password !== '') {
    const message = 'not read: the Redis URL has a password of its own';
    if (redisPasswordFile === null) report.note(['redis', 'password_file'], message);
    else findings.notes.push(inEnvironment('REDIS_PASSWORD_FILE', message));
    return url;
  }
  parsed.password = encodeURIComponent(password);
  return parsed.href;
}

/** The address may hold a password, so no message repeats it. */
function checkRedisUrl(
  shape: MusterShape,
  environment: EnvironmentSettings,
  findings: Findings,
  report: Report,
): string {
  const url = environment.redisUrl ?? shape.redis.url;
  if (!isRedisUrl(url)) {
    const message =
      'must be redis://host:port or rediss://host:port, with user and password (a % in them written as %25) and a database number if needed';
    if (environment.redisUrl === null) report.fault(['redis', 'url'], message);
    else findings.faults.push(inEnvironment('REDIS_URL', message));
  }
  return url;
}

function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\/[^/]/.test(text) || !URL.canParse(text)) return false;
  const { pathname, username, password } = new URL(text);
  try {
    decodeURIComponent(`${username}${password}`);
  } catch {
    return false;
  }
  return /^\/?\d{0,5}$/.test(pathname);
}

function checkPrefix(shape: MusterShape, report: Report): string {
  const { prefix } = shape.redis;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(prefix)) {
    report.fault(['redis', 'prefix'], 'may hold 1 to 64 letters, digits, - and _');
  }
  return prefix;
}
