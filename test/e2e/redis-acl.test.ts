import { commandsNeeded } from '@muster/core/redis/rights';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { RedisServer } from '@muster/testing/redis-server';
import { documentedRules, makeUser } from '@muster/testing/redis-user';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem | undefined;

afterEach(() => system?.close());

/** Processes reach Redis as a user of these rules. */
function asUser(rules: string): (server: RedisServer) => Promise<string> {
  return (server) => makeUser(server, rules);
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
    redisUrl: asUser(documentedRules('test')),
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
  expect(
    (await commandsSent()).filter((name) => !ASKED_OTHERWISE.has(name) && !commandsNeeded().includes(name)),
  ).toEqual([]);
});

/** Of a connection, and what the check itself sends. */
const ASKED_OTHERWISE = new Set([
  'auth',
  'hello',
  'ping',
  'quit',
  'select',
  'multi',
  'exec',
  'discard',
  'client',
  'acl',
  'replconf',
  'psync',
]);

/** The commands that Redis ran since it began, alone and within scripts. */
async function commandsSent(): Promise<readonly string[]> {
  const stats = String(await system?.redisCall('INFO', 'commandstats'));
  return [...new Set([...stats.matchAll(/^cmdstat_([a-z]+)/gm)].map(([, name]) => name ?? ''))];
}

test('a user without one of the commands is told which, and the rule to add, by processes, verbs and the doctor', async () => {
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    redisUrl: asUser(`${documentedRules('test')} -xadd`),
  });

  const pause = await system.cli('pause', '--all', '--yes');
  const doctor = await system.cli('doctor', '--json');
  const starts = (['scheduler', 'worker'] as const).map((kind) => system?.start(kind));

  expect(pause.code).not.toBe(0);
  expect(pause.stderr).toContain('The Redis user muster may not send XADD');
  expect(pause.stderr).toContain('ACL SETUSER muster +xadd');
  expect(doctor.stdout).toContain('"cause":"redis-rights-missing"');
  for (const started of starts) {
    expect((await started?.ended)?.code).toBe(78);
    expect(started?.log()).toContain('ACL SETUSER muster +xadd');
  }
  expect(JSON.stringify(await refusals())).toContain('xadd');
});
