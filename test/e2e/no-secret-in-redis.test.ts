/** What a client that reads Redis finds, while hosts are installed and after. */
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { TEST_MARKER_KEY } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';

const WORLD = { accounts: 3, regions: 2, instances: 30, seed: 7 };

let system: MusterSystem;
afterEach(() => system.close());

/** Every key with all that it holds, as text. */
async function everything(): Promise<string> {
  const texts: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = (await system.redisCall('SCAN', cursor, 'COUNT', '1000')) as [string, string[]];
    cursor = next;
    for (const key of keys) texts.push(key, JSON.stringify(await valueOf(key)));
  } while (cursor !== '0');
  return texts.join('\n');
}

async function valueOf(key: string): Promise<unknown> {
  const type = await system.redisCall('TYPE', key);
  switch (type) {
    case 'string':
      return system.redisCall('GET', key);
    case 'hash':
      return system.redisCall('HGETALL', key);
    case 'list':
      return system.redisCall('LRANGE', key, '0', '-1');
    case 'set':
      return system.redisCall('SMEMBERS', key);
    case 'zset':
      return system.redisCall('ZRANGE', key, '0', '-1');
    case 'stream':
      return system.redisCall('XRANGE', key, '-', '+');
    // It has ended since it was listed.
    case 'none':
      return null;
    default:
      throw new Error(`${key} is a ${String(type)}`);
  }
}

test('a reader of Redis finds no secret of the configuration, no credential of AWS and no script', async () => {
  system = await startSystem({ world: WORLD });
  const seen: string[] = [];
  await eventually('commands are under way', async () => {
    seen.push(await everything());
    return system.report().commands.sent > 0;
  });
  await system.settled();
  seen.push(await everything());

  const all = seen.join('\n');
  // As AWS makes the ids of session keys, and the simulator their tokens.
  const session = /ASIA[A-Z0-9]{16}|IQoJb3JpZ2luX2Vj/;
  // It reads what is there: hosts, jobs, commands.
  expect(all).toContain(':queue:discovery:');
  expect(all).toMatch(/i-0[0-9a-f]{16}/);
  expect(system.report().joined).toBe(30);
  for (const secret of [
    TEST_MARKER_KEY,
    REDIS_PASSWORD,
    system.env['AWS_SECRET_ACCESS_KEY'] ?? '?',
    system.facts.joinToken,
  ]) {
    expect(all).not.toContain(secret);
  }
  expect(all).not.toMatch(session);
  expect(all).not.toMatch(/curl |#!\/|sudo |teleport-install|install-node/);
});
