/** Two installations that were given one Redis and one prefix, as the default makes them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { type CommandResult, MUSTER_ENTRY, runProgram } from '@muster/testing/supervised-process';
import { systemConfig } from '@muster/testing/system-config';
import { afterAll, beforeAll, expect, test } from 'vitest';

let system: MusterSystem;

beforeAll(async () => {
  system = await startSystem({ world: { accounts: 3, regions: 2, instances: 30 } });
  await system.settled();
}, 90_000);
afterAll(() => system.close());

/** The second installation's configuration, beside the first's. */
function anotherFile(name: string, change: (text: string) => string): string {
  const file = join(system.folder, `${name}.yaml`);
  writeFileSync(file, change(JSON.stringify(systemConfig(system.facts, {}), null, 2)));
  return file;
}

function asAnother(file: string, ...args: string[]): Promise<CommandResult> {
  return runProgram([MUSTER_ENTRY, ...args], { env: { ...system.env, MUSTER_CONFIG: file } });
}

const OTHERS: readonly (readonly [string, (text: string) => string])[] = [
  ['organization', (text) => text.replaceAll(/"o-[a-z0-9]+"/g, '"o-zzzzzzzzzz"')],
  ['group', (text) => text.replace(/"discovery_group": "[^"]+"/, '"discovery_group": "another"')],
  ['cluster', (text) => text.replace(/"proxy_server": "[^":]+/, '"proxy_server": "localhost')],
];

test.each(OTHERS)(
  'processes of another %s end with 78 and name both, and nothing of the first changes',
  async (name, change) => {
    const before = (await system.status()).instances;
    const file = anotherFile(name, change);

    const ends = await Promise.all(
      (['scheduler', 'worker'] as const).map(async (kind) => {
        const refused = system.start(kind, {
          env: { MUSTER_CONFIG: file, MUSTER_CONSOLE_LISTEN: '127.0.0.1:0' },
        });
        return { code: (await refused.ended).code, log: refused.log() };
      }),
    );

    for (const { code, log } of ends) {
      expect(code).toBe(78);
      expect(log).toMatch(/belongs to another installation: cluster .*This configuration is for cluster/);
      expect(log).toContain('muster.redis.prefix');
    }
    expect((await system.status()).instances).toEqual(before);
  },
  60_000,
);

test.each(['status', 'findings', 'pause --all', 'resume --all', 'retry --all', 'sweep', 'plan'])(
  'muster %s of another group ends with 78, and acts on nothing',
  async (line) => {
    const file = anotherFile('group', OTHERS[1]?.[1] ?? String);

    const { code, stderr } = await asAnother(file, ...line.split(' '));

    expect(code).toBe(78);
    expect(stderr).toContain('belongs to another installation');
    expect((await system.ledger.control.pauses()).map(({ scope }) => scope)).toEqual([]);
  },
);

test('muster doctor of another group says so, and what to do', async () => {
  const file = anotherFile('group', OTHERS[1]?.[1] ?? String);

  const { code, stdout } = await asAnother(file, 'doctor', '--json');

  expect(code).toBe(1);
  const { checks } = JSON.parse(stdout) as { checks: { cause: string | null; remedy: string | null }[] };
  expect(checks.find(({ cause }) => cause === 'ledger-of-another')?.remedy).toContain('muster.redis.prefix');
});

test('a prefix that is given up is taken over by the next to come', async () => {
  const file = anotherFile('group', OTHERS[1]?.[1] ?? String);
  const [key] = (await system.redisCall('KEYS', '{test}:owner')) as string[];
  await system.stop();

  await system.redisCall('DEL', key ?? '');
  const taking = system.start('scheduler', { env: { MUSTER_CONFIG: file } });
  await eventually('it has started', () => taking.log().includes('scheduler started'));

  expect(await system.redisCall('GET', key ?? '')).toContain('"group":"another"');
  expect((await asAnother(file, 'status')).code).toBe(0);
  expect((await system.cli('status')).code).toBe(78);
}, 60_000);

test('a process whose ledger another installation took after a flush stops with 78', async () => {
  await system.stop();
  await system.redisCall('FLUSHALL');
  const first = system.start('scheduler');
  await eventually('it has started', () => first.log().includes('scheduler started'));
  const [key] = (await system.redisCall('KEYS', '{test}:owner')) as string[];
  const text = String(await system.redisCall('GET', key ?? ''));

  // Another installation that came first after the flush, and has listed its accounts.
  await system.redisCall('SET', key ?? '', text.replace(/"group":"[^"]*"/, '"group":"another"'));
  await system.redisCall('HSET', '{test}:accounts', '111122223333', '{}');

  expect((await first.ended).code).toBe(78);
  expect(first.log()).toContain('must not go on');
}, 60_000);
