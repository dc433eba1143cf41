import { ActionId } from '@muster/core/control/actions/action';
import { verifyChain } from '@muster/core/control/audit/verify-chain';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem, type SystemOptions } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';
import { signIn } from './api-operator.fixture.ts';

let system: MusterSystem;
afterEach(() => system.close());

const REGIONS = ['eu-west-1', 'eu-central-1', 'us-east-1', 'us-west-2'];
const ACCOUNTS = 25;
const PER_TARGET = 3;
const HOSTS = ACCOUNTS * REGIONS.length * PER_TARGET;

/** Hosts whose first install fails and whose second one joins, in a hundred targets. */
function fleetThatFailsOnce(): SystemOptions {
  const instances = REGIONS.map((region) => ({
    region,
    count: PER_TARGET,
    outcome: [{ kind: 'exits' as const, exitCode: 3 }, { kind: 'joins' as const }],
  }));
  const accounts = Array.from({ length: ACCOUNTS }, (_, n) => ({
    id: `1000000000${String(n).padStart(2, '0')}`,
    instances,
  }));
  return {
    world: {
      world: { name: 'fails once', regions: REGIONS, accounts: [{ id: '999988887777' }, ...accounts] },
    },
    config: { muster: { brake: { enabled: false }, rollout: { ramp: { off: true } } } },
    schedulers: 2,
    workers: 1,
  };
}

test('an action whose scheduler and worker are killed in its middle is finished by others, each host retried once', async () => {
  system = await startSystem(fleetThatFailsOnce());
  await eventually(
    'all have failed once',
    async () => ((await system.status()).instances.byState['failed'] ?? 0) === HOSTS,
    120_000,
  );
  const first = system.processes.find(({ name }) => name.startsWith('scheduler'));
  const worker = system.processes.find(({ name }) => name.startsWith('worker'));
  if (first === undefined || worker === undefined) throw new Error('they run');
  const ann = await signIn(first, system.ledger);

  const { id } = await ann.act('retry', { scope: 'all' });
  const actionId = ActionId.parse(id);
  const killedAt = await eventually(
    'some steps are taken',
    async () => {
      const action = await system.ledger.actions.read(actionId);
      return (action?.cursor ?? 0) > 0 ? action : null;
    },
    30_000,
  );
  for (const one of [first, worker]) one.signal('SIGKILL');
  const left = await system.ledger.actions.read(actionId);
  system.start('worker');

  const done = await eventually(
    'another worker, told by the other scheduler, has finished it',
    async () => {
      const action = await system.ledger.actions.read(actionId);
      return action?.state === 'done' ? action : null;
    },
    120_000,
  );
  expect(killedAt.parts).toBe(ACCOUNTS * REGIONS.length);
  expect(left?.state).toBe('running');
  expect(done.progress).toEqual({ total: HOSTS, done: HOSTS, skipped: 0, failed: 0 });
  await system.judged(120_000);
  // The first attempt and the retry: no host had another one.
  expect(system.report().installs.perInstance).toEqual({ 0: 0, 2: HOSTS });
  const told = (await system.ledger.audit.newest(100)).flatMap(({ entry }) =>
    entry?.act === 'retry' ? [[entry.result, entry.by.name]] : [],
  );
  expect(told).toEqual([
    ['done', 'ann'],
    ['begun', 'ann'],
  ]);
  expect((await verifyChain(system.ledger.audit.chain())).fault).toBeNull();
});

test('two seconds after a pause over the API no send starts, and a resume lets them go on', async () => {
  system = await startSystem({
    world: { accounts: 8, regions: 2, instances: 300, latency: { installMs: [20_000, 60_000] } },
    config: { muster: { limits: { installs_in_flight: 40 } } },
  });
  const scheduler = system.processes.find(({ name }) => name.startsWith('scheduler'));
  if (scheduler === undefined) throw new Error('it runs');
  const ann = await signIn(scheduler, system.ledger);
  const sent = (): number => system.report().calls['ssm:SendCommand']?.ok ?? 0;
  await eventually('sends are in full swing', () => sent() >= 4, 60_000);

  await ann.act('pause', { scope: 'all' });
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const atPause = sent();
  await new Promise((resolve) => setTimeout(resolve, 6_000));
  const later = sent();
  await ann.act('resume', { scope: 'all' });

  expect(later).toBe(atPause);
  await eventually('sends go on', () => sent() > later, 60_000);
  expect(
    (await system.ledger.audit.newest(100)).filter(
      ({ entry }) => entry?.by.name === 'ann' && ['pause', 'resume'].includes(entry.act),
    ),
  ).toMatchObject([
    { entry: { act: 'resume', result: 'done', from: '127.0.0.1' } },
    { entry: { act: 'pause', result: 'done', from: '127.0.0.1' } },
  ]);
});
