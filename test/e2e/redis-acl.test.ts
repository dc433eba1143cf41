import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { askRedis, type RedisServer } from '@muster/testing/redis-server';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem | undefined;

afterEach(() => system?.close());

const PASSWORD = 'of-the-acl-user';

/** The rules as the runbook has them, for the installation of these tests. */
function documentedRules(): string {
  const runbook = readFileSync(fileURLToPath(new URL('../../docs/runbook.md', import.meta.url)), 'utf8');
  const [, rules] = /ACL SETUSER muster (on >PASSWORD [^\n]+)\n/.exec(runbook) ?? [];
  if (rules === undefined) throw new Error('the runbook shows no ACL rules');
  return rules.replace('PASSWORD', PASSWORD).replace('{muster}', '{test}').replace('muster:{*', 'test:{*');
}

/** Makes a user of these rules, and says how processes reach Redis as that user. */
function asUser(rules: string): (server: RedisServer) => Promise<string> {
  return async ({ url, port }) => {
    const { password } = new URL(url);
    const said = await askRedis(port, `AUTH ${password}\r\nACL SETUSER muster ${rules}\r\nQUIT\r\n`);
    expect(said).toBe('+OK\r\n+OK\r\n+OK\r\n');
    return `redis://muster:${PASSWORD}@127.0.0.1:${port}`;
  };
}

/** What Redis refused, since it began. */
async function refusals(): Promise<unknown> {
  return system?.redisCall('ACL', 'LOG');
}

test('a Redis user with exactly the documented rules is enough, for the processes and for every verb', async () => {
  system = await startSystem({
    world: { scenario: 'realistic', accounts: 6, regions: 2, instances: 100, seed: 9 },
    schedulers: 2,
    workers: 2,
    redisUrl: asUser(documentedRules()),
  });
  await system.judged(120_000);
  for (const verb of [
    ['status'],
    ['findings'],
    ['coverage'],
    ['instances'],
    ['waves'],
    ['audit'],
    ['events', '--since', '0-0'],
    ['doctor'],
    ['plan'],
    ['pause', '--all', '--yes'],
    ['resume', '--all', '--yes'],
    ['retry', '--all', '--yes'],
    ['sweep'],
  ]) {
    const { code, stderr } = await system.cli(...verb);
    expect(stderr, verb.join(' ')).not.toContain('NOPERM');
    expect(code, `${verb.join(' ')}: ${stderr}`).toBeLessThan(3);
  }

  expect(await refusals()).toEqual([]);
});

test('a user without one of the commands is told so, where the rules stand, and how to find out which one', async () => {
  const rules = `${documentedRules()} -xadd`;
  system = await startSystem({ schedulers: 0, workers: 0, redisUrl: asUser(rules) });

  const { code, stderr } = await system.cli('pause', '--all', '--yes');

  expect(code).not.toBe(0);
  expect(stderr).toContain('may not run a command that Muster needs');
  expect(stderr).toContain('A Redis user of its own; redis-cli ACL LOG names the command');
  expect(JSON.stringify(await refusals())).toContain('xadd');
});
