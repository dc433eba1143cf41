/** Member accounts forge Muster's markers, and another client writes to Redis: no other account is harmed, no host is sent to twice. */
import { targetId } from '@muster/core/organization/target';
import { createKeys } from '@muster/core/redis/keys';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { listHosts } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

async function findingKinds(): Promise<readonly string[]> {
  return (await system.status()).findings.map((finding) => finding.kind);
}

/** As after a loss of Redis: live commands are looked for by their markers. */
async function forgetEverything(): Promise<void> {
  await system.redisCall('FLUSHALL');
}

test('forged markers on one account fill no cap of all, and a thousand on one host stop no other account', async () => {
  system = await startSystem({
    world: { accounts: 3, regions: 1, instances: 30 },
    config: { muster: { limits: { installs_in_flight: 6 } } },
  });
  await eventually('the first hosts are sent to', () => system.report().commands.sent >= 2);
  const sentTo = (await listHosts(system)).find(({ installs }) => installs > 0);
  const account = sentTo?.account ?? '';
  const own = (await listHosts(system)).filter((host) => host.account === account);
  const [one = '', ...others] = own.map(({ id }) => id);
  await system.aws.change({
    op: 'member-commands',
    instanceIds: [one],
    comment: 'muster:v1:{installation}:{batch}',
    times: 1_000,
  });
  for (const id of others.slice(0, 8)) {
    const comment = 'muster:v2:{installation}:{batch}:AAAAAAAAAAAAAAAA';
    await system.aws.change({ op: 'member-commands', instanceIds: [id], comment });
  }

  await forgetEverything();

  const elsewhere = (await listHosts(system)).filter((host) => host.account !== account).length;
  await eventually(
    'every host of the other accounts has joined',
    async () => {
      const joined = (await listHosts(system)).filter((host) => host.account !== account && host.joined);
      return joined.length === elsewhere;
    },
    120_000,
  );
  expect(await findingKinds()).toContain('foreign-markers');
  expect(system.report().installs.whileLive).toBe(0);
});

test('intents that another client deletes, again and again, make no second send, and are told', async () => {
  system = await startSystem({
    world: { accounts: 3, regions: 2, instances: 60 },
    schedulers: 0,
    workers: 0,
  });
  // In waves, and repaired after that: a claim of a repair is one like any other.
  const first = { name: 'first', accounts: [system.aws.world.accounts[1]?.id ?? ''] };
  system.configure({
    muster: { rollout: { waves: [first, { name: 'rest', after: { joined: 0.8, for: '0' } }] } },
  });
  for (const kind of ['scheduler', 'worker', 'worker'] as const) system.start(kind);
  const keys = createKeys('test');
  const intentsOfAll = system.aws.world.accounts.flatMap(({ id }) =>
    system.aws.world.regions.map((region) => keys.target({ accountId: id, region } as never).intents),
  );
  const told = new Set<string>();
  const look = async (): Promise<void> => {
    for (const kind of await findingKinds()) told.add(kind);
  };

  await eventually(
    'intents were deleted while commands were live, and that was told',
    async () => {
      if (system.report().commands.live > 0) await system.redisCall('DEL', ...intentsOfAll);
      await system.redisCall('ZADD', keys.due('scan'), '1', ...scanMembers());
      await look();
      return told.has('ledger-untrusted');
    },
    60_000,
  );
  await system.settled(120_000);

  expect(system.report()).toMatchObject({ joined: 60, installs: { whileLive: 0, afterJoined: 0 } });

  const [died] = await system.aws.change({ op: 'lose-nodes', share: 0.2, withinMs: 1_000 });
  const dead = died?.ids?.length ?? 0;
  expect(dead).toBeGreaterThan(3);
  await eventually('their agents have died', () => system.report().joined === 60 - dead);
  const { sent } = system.report().commands;
  await eventually(
    'every host whose agent died is repaired, although intents vanish again',
    async () => {
      const isRepairing = system.report().commands.live > 0 && system.report().commands.sent === sent + 1;
      if (isRepairing) await system.redisCall('DEL', ...intentsOfAll);
      return system.report().joined === 60 && (await system.status()).instances.byState['joined'] === 60;
    },
    240_000,
  );
  const { installs } = system.report();
  expect(installs).toMatchObject({ whileLive: 0, afterJoined: 0, perInstance: { 2: dead } });
});

function scanMembers(): readonly string[] {
  return system.aws.world.accounts
    .slice(1, 2)
    .flatMap(({ id }) =>
      system.aws.world.regions.slice(0, 1).map((region) => targetId({ accountId: id, region } as never)),
    );
}
