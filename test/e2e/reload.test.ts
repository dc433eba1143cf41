import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { organizationMatcher } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { listCommands } from './simulated-commands.ts';

let system: MusterSystem;

afterEach(() => system.close());

const hasFinding = async (kind: string): Promise<boolean> =>
  (await system.status()).findings.some((finding) => finding.kind === kind);

/** The organization's matcher with something else in it. */
function withMatcher(part: object): object {
  return { discovery_service: { aws: [{ ...organizationMatcher(system.facts), ...part }] } };
}

test('a changed configuration is taken up by all processes without a restart, and a broken one is not', async () => {
  const token = 'wrong-token';
  system = await startSystem({
    world: { accounts: 4, regions: 2, instances: 40 },
    workers: 2,
    config: (facts) => ({
      discovery_service: {
        aws: [{ ...organizationMatcher(facts), install: { join_params: { token_name: token } } }],
      },
    }),
  });
  await eventually('the ramp has stopped', () => hasFinding('ramp-stopped'), 90_000);
  const before = (await listCommands(system)).length;
  const pids = system.processes.map((child) => child.isRunning());

  // Broken: the last good one goes on, and says so.
  system.configure({ muster: { redis: { prefix: 'test' }, limit: {} } });
  await eventually('it was refused', () => hasFinding('config-invalid'));
  expect((await system.status()).findings.find(({ kind }) => kind === 'config-invalid')?.message).toContain(
    'limit',
  );
  expect(await listCommands(system)).toHaveLength(before);

  // Mended: what failed because of it is tried again at once, although its next attempt was hours away.
  // The ramp that has stopped was that of the matcher with the wrong token: this one has its own.
  system.configure(withMatcher({}) as never);
  await eventually('it was taken up', async () => !(await hasFinding('config-invalid')));
  const status = await system.settled(90_000);
  await eventually('all have joined', async () => {
    const { byState } = (await system.status()).instances;
    return Object.keys(byState).every((state) => state === 'joined');
  });
  expect(status.instances.total).toBe(40);
  const later = (await listCommands(system)).slice(before);
  expect(later.length).toBeGreaterThan(0);
  for (const { parameters } of later) expect(JSON.stringify(parameters)).not.toContain(token);
  expect(await hasFinding('config-invalid')).toBe(false);
  expect(system.processes.map((child) => child.isRunning())).toEqual(pids);
  expect(system.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
});

test('what cannot change while Muster runs is a finding, and the rest is taken up', async () => {
  system = await startSystem({ world: { accounts: 2, regions: 1, instances: 5 } });
  await system.judged();

  system.configure({ muster: { paused: true, redis: { prefix: 'elsewhere' } } });
  await eventually('it was told', () => hasFinding('config-restart-needed'));
  const { findings } = await system.status();
  expect(findings.find(({ kind }) => kind === 'config-restart-needed')?.message).toMatch(
    /\(muster\.redis\); the rest has been taken up/,
  );
  system.configure({});
  await eventually('the finding is gone', async () => !(await hasFinding('config-restart-needed')));
});

test('a selector that loses its value while Muster runs selects nothing more', async () => {
  const narrow = (facts: MusterSystem['facts'], enroll: string | null): object => ({
    discovery_service: { aws: [{ ...organizationMatcher(facts), tags: { enroll } }] },
  });
  system = await startSystem({
    world: { accounts: 2, regions: 1, instances: 10 },
    config: (facts) => narrow(facts, 'on-request') as never,
  });
  await system.cli('sweep', '--wait');
  expect((await system.status()).instances.total).toBe(0);

  system.configure(narrow(system.facts, null) as never);
  await eventually('it was refused', () => hasFinding('config-invalid'));
  await system.cli('sweep', '--wait');

  const { findings, instances } = await system.status();
  expect(findings.find(({ kind }) => kind === 'config-invalid')?.message).toMatch(
    /aws\[0\]\.tags\.enroll: has no value/,
  );
  expect(instances.total).toBe(0);
  expect(await listCommands(system)).toEqual([]);
});
