import type { ReadFile } from './console-rules.ts';
import { inEnvironment, type EnvironmentSettings } from './environment.ts';
import type { RedisSettings } from './model.ts';
import type { MusterShape } from './muster-schema.ts';
import { readRedisUrl, withPassword } from './redis-url.ts';
import { readSecretFile, Secret } from './secret.ts';
import type { Findings, Report } from './report.ts';

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
  const address = readRedisUrl(url);
  if (path === undefined || address === null) return { url: new Secret(url), prefix };
  const place = ['redis', 'password_file'];
  if (address.password !== '') {
    // It was written for that very server.
    const message = 'not read: the Redis URL has a password of its own';
    if (redisPasswordFile === null) report.note(place, message);
    else findings.notes.push(inEnvironment('REDIS_PASSWORD_FILE', message));
    return { url: new Secret(url), prefix };
  }
  const reading = readSecretFile(path, readFile);
  if (reading.ok) return { url: new Secret(withPassword(url, reading.text)), prefix };
  if (redisPasswordFile === null) report.fault(place, reading.problem);
  else findings.faults.push(inEnvironment('REDIS_PASSWORD_FILE', reading.problem));
  return { url: new Secret(url), prefix };
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
      'must be redis://host:port or rediss://host:port, with user and password (a % in them written as %25) and a database number if needed; for a Redis Cluster redis+cluster://host:port,host:port or rediss+cluster://…, without a database number';
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
