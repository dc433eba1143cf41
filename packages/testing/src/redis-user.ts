import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askRedis } from './ask-redis.ts';
import type { RedisServer } from './redis-server.ts';

const PASSWORD = 'of-the-acl-user';

/** The rules of a Redis user as docs/redis.md has them, for another prefix than its own. */
export function documentedRules(prefix: string): string {
  const page = readFileSync(fileURLToPath(new URL('../../../docs/redis.md', import.meta.url)), 'utf8');
  const [, rules] = /ACL SETUSER muster (on '>PASSWORD' [^\n]+)\n/.exec(page) ?? [];
  if (rules === undefined) throw new Error('docs/redis.md shows no rules of a Redis user');
  return rules
    .replaceAll("'", '')
    .replace('PASSWORD', PASSWORD)
    .replace('{muster}', `{${prefix}}`)
    .replace('muster:{*', `${prefix}:{*`);
}

/** Makes a user of these rules. @returns the URL by which processes reach Redis as that user */
export async function makeUser({ url, port }: RedisServer, rules: string): Promise<string> {
  const { password } = new URL(url);
  const auth = password === '' ? '' : `AUTH ${password}\r\n`;
  const said = await askRedis({ port }, `${auth}ACL SETUSER muster ${rules}\r\nQUIT\r\n`);
  if (/^-/m.test(said)) throw new Error(`Redis refused the rules ${rules}: ${said}`);
  return `redis://muster:${PASSWORD}@127.0.0.1:${port}`;
}
