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
  const prefix = checkPrefix(shape, report);
  const { redisPasswordFile } = environment;
  const path = redisPasswordFile ?? shape.redis.password_file;
  if (path === undefined || !isRedisUrl(url)) return { url: new Secret(url), prefix };
  const place = ['redis', 'password_file'];
  const parsed = new URL(url);
  if (parsed.password !== '') {
    // It was written for that very server.
    const message = 'not read: the Redis URL has a password of its own';
    if (redisPasswordFile === null) report.note(place, message);
    else findings.notes.push(inEnvironment('REDIS_PASSWORD_FILE', message));
    return { url: new Secret(url), prefix };
  }
  const reading = readSecretFile(path, readFile);
  if (reading.ok) parsed.password = encodeURIComponent(reading.text);
  else if (redisPasswordFile === null) report.fault(place, reading.problem);
  else findings.faults.push(inEnvironment('REDIS_PASSWORD_FILE', reading.problem));
  return { url: new Secret(parsed.href), prefix };
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
