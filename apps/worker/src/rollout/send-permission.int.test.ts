import type { ScopeText } from '@muster/core/control/scope';
import { installationOf } from '@muster/core/config/installation-id';
import { targetId } from '@muster/core/organization/target';
import { oldKeys } from '@muster/core/redis/keys';
import { isInCluster } from '@muster/core/redis/slot-owner';
import { expect, test } from 'vitest';
import type { HandlerDeps } from '../deps.ts';
import { useWorkerBench, type WorkerBench } from '../fixtures/worker-bench.fixture.ts';
import { askSendPermission } from './send-permission.ts';
import { ACCOUNT, aWorld, instanceId, someInstances, TARGET } from '../fixtures/written-world.fixture.ts';

const startWorkerBench = useWorkerBench();
const install = (bench: WorkerBench) => bench.run('install-batch', { target: TARGET });
const withInventory = { muster: { inventory: { source: 'tctl' } } };

async function pause(bench: WorkerBench, scope: ScopeText): Promise<void> {
  await bench.ledger.control.pause({ scope, atMs: bench.now(), by: 'operator', reason: 'a test' });
}

/** Nothing was sent, nothing was claimed, and the target will be looked at again. */
async function expectUntouched(bench: WorkerBench, instances: number): Promise<void> {
  expect(await bench.commands()).toEqual([]);
  expect(await bench.states()).toEqual({ queued: instances });
  expect(await bench.intents()).toEqual([]);
  expect(await bench.ledger.caps.places()).toEqual([]);
  expect(await bench.dueAt('install', targetId(TARGET))).not.toBeNull();
}

test('a first run holds before its first send until it is released, and says so', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2)),
    config: { muster: { limits: { hold_first_send: true } } },
  });
  await bench.scanned();

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'held' });
  await expectUntouched(bench, 2);
  const waitMs = ((await bench.dueAt('install', targetId(TARGET))) ?? 0) - bench.now();
  expect(waitMs).toBeGreaterThan(bench.deps.timings.heldMs - 5_000);
  expect(await bench.findings()).toEqual(['hold-first-send all']);

  await bench.ledger.control.releaseHold();
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
  expect(await bench.findings()).toEqual([]);
});

/** How often Redis was asked to do this. */
async function callsOf(bench: WorkerBench, command: string): Promise<number> {
  const stats = await bench.store.redis.info('commandstats');
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
}

test('a permission that was granted before is granted again without a write', async () => {
  const bench = await startWorkerBench({ config: { muster: { limits: { hold_first_send: true } } } });
  await bench.ledger.control.releaseHold();
  await askSendPermission(bench.deps);
  const before = await callsOf(bench, 'hdel');

  for (let times = 0; times < 3; times += 1) {
    expect(await askSendPermission(bench.deps)).toMatchObject({ kind: 'granted' });
  }

  expect(await callsOf(bench, 'hdel')).toBe(before);
});

test('what one worker said of a pause is over when another one, without it, asks', async () => {
  const bench = await startWorkerBench({});
  await askSendPermission(bench.deps);
  await askSendPermission(bench.depsWith({ muster: { paused: true } }));
  expect(await bench.findings()).toEqual(['paused-by-configuration all']);

  expect(await askSendPermission(bench.deps)).toMatchObject({ kind: 'granted' });

  expect(await bench.findings()).toEqual([]);
});

test.each<ScopeText>(['all', `account:${ACCOUNT}`, `region:${TARGET.region}`])(
  'a pause of %s stops every send of the target, and resuming lets them go',
  async (scope) => {
    const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
    await bench.scanned();
    await pause(bench, scope);

    expect(await install(bench)).toMatchObject({ sent: 0, instances: 0 });
    await expectUntouched(bench, 2);

    await bench.ledger.control.resume(scope);
    expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
  },
);

test('a pause that release 0.1 has left under the prefix stops every send of this release', async (context) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  // Release 0.1 refused Clusters.
  if (isInCluster(bench.store.redis)) context.skip();
  const prefix = bench.store.keys.owner.slice(1, bench.store.keys.owner.indexOf('}'));
  const left = { scope: `account:${ACCOUNT}`, atMs: 1, by: 'operator', reason: 'an incident' };
  await bench.store.redis.hset(oldKeys(prefix).pauses, left.scope, JSON.stringify(left));

  await bench.ledger.owner.claim(installationOf(bench.deps.config));
  // The minutes in which commands of 0.1 may still turn up are over.
  await bench.store.redis.set(bench.store.keys.epochSeen(await bench.ledger.epochs.current()), 0);
  await bench.scanned();

  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'paused' });
  await expectUntouched(bench, 2);
  expect(await bench.findings()).toEqual(['ledger-rebuilt all']);
});

test('a pause of another account or region stops nothing here', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await pause(bench, 'account:222222222222' as ScopeText);
  await pause(bench, 'region:us-east-1' as ScopeText);

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

test('a paused instance is left out of the command that the others get', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(3)) });
  await bench.scanned();
  await pause(bench, `instance:${instanceId(1)}`);

  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });

  expect((await bench.record(instanceId(1))).state).toBe('queued');
});

test('a pause of a cause stops the instances that failed by it, and no others', async () => {
  const bench = await startWorkerBench({
    world: aWorld([
      ...someInstances(1, { outcome: { kind: 'exits', exitCode: 103 } }),
      ...someInstances(1, {}, 1),
    ]),
    config: { muster: { backoff: { operator_first: '10m' } } },
  });
  await bench.scanned();
  await pause(bench, 'cause:host-disk-full');
  expect(await install(bench)).toMatchObject({ instances: 2 });
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId: (await bench.intent()).batchId });
  expect(await bench.cause(instanceId(0))).toBe('host-disk-full');
  bench.advance(3_600_000);

  expect(await install(bench)).toMatchObject({ sent: 0 });
});

test('muster.paused in the configuration stops every send, whatever Redis says', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(2)),
    config: { muster: { paused: true } },
  });
  await bench.ledger.control.releaseHold();
  await bench.scanned();

  expect(await install(bench)).toEqual({ sent: 0, instances: 0, stopped: 'paused' });

  await expectUntouched(bench, 2);
  expect(await bench.findings()).toEqual(['paused-by-configuration all']);
});

test('nothing is sent before the inventory was read, nor when the last reading is too old', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)), config: withInventory });
  await bench.scanned();
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'inventory' });

  await bench.run('read-inventory', {});
  const { inventory } = bench.deps.config;
  bench.advance(inventory.kind === 'tctl' ? inventory.freshnessMs + 1 : 0);
  expect(await install(bench)).toMatchObject({ sent: 0, stopped: 'inventory' });
  await expectUntouched(bench, 2);

  await bench.run('read-inventory', {});
  expect(await install(bench)).toMatchObject({ sent: 1, instances: 2 });
});

/** The worker's own parts, with something that happens between the claim and the send. */
function withAfterClaim(bench: WorkerBench, happens: () => Promise<unknown>): HandlerDeps {
  const { enrollments, ...others } = bench.ledger;
  return {
    ...bench.deps,
    ledger: {
      ...others,
      enrollments: {
        ...enrollments,
        write: async (...change) => {
          const words = await enrollments.write(...change);
          if (change[3].some(({ value }) => value !== null)) await happens();
          return words;
        },
      },
    },
  };
}

test('a pause that comes right after the claim stops the command, and frees its instances', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const deps = withAfterClaim(bench, () => pause(bench, 'all'));

  expect(await bench.run('install-batch', { target: TARGET }, deps)).toMatchObject({ sent: 0 });

  await expectUntouched(bench, 2);
});

test('a pause of a cause that comes right after the claim stops the command too', async () => {
  const bench = await startWorkerBench({
    world: aWorld(someInstances(1, { outcome: { kind: 'exits', exitCode: 1 } })),
  });
  await bench.scanned();
  await install(bench);
  const { batchId } = await bench.intent();
  await bench.commandsEnded();
  await bench.run('collect-command', { target: TARGET, batchId });
  bench.advance(24 * 3_600_000);
  const deps = withAfterClaim(bench, () => pause(bench, 'cause:ec2-ssm-script-failure'));

  expect(await bench.run('install-batch', { target: TARGET }, deps)).toMatchObject({ sent: 0 });

  expect((await bench.commands()).length).toBe(1);
});

test('a Redis that loses its history right after the claim stops the command, and frees its instances', async () => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  const { redis, keys } = bench.store;
  const deps = withAfterClaim(bench, () => redis.set(keys.epoch, 'another'));

  expect(await bench.run('install-batch', { target: TARGET }, deps)).toMatchObject({ sent: 0 });

  await expectUntouched(bench, 2);
});

test.each([
  ['its time has passed', (bench: WorkerBench) => bench.deps.config.install.sendWindowMs + 1],
  ['a pause of two seconds ago would count', () => 2_001],
] as const)('a send does not leave when, while the role was being assumed, %s', async (_, takesMs) => {
  const bench = await startWorkerBench({ world: aWorld(someInstances(2)) });
  await bench.scanned();
  await bench.aws.change({ op: 'expire-sessions' });
  bench.advance(3 * 3_600_000);
  // The look at the recipients assumes it too, and is long over.
  bench.front.before = (operation) => {
    if (operation === 'AssumeRole' && bench.front.count('DescribeInstances') > 0) {
      bench.advance(takesMs(bench));
    }
  };
  bench.front.calls.splice(0);

  // Looking through the target's own commands would assume the role before: that is behind us.
  await bench.ledger.enrollments.noteListing(TARGET, null, await bench.ledger.epochs.current());
  await install(bench);

  expect(bench.front.count('AssumeRole')).toBe(2);
  expect(bench.front.count('SendCommand')).toBe(0);
  await expectUntouched(bench, 2);
});
