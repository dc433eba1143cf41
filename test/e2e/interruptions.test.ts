import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { afterEach, expect, test } from 'vitest';

let system: MusterSystem;

afterEach(() => system.close());

/** One worker in the middle of its installs. */
async function middleOfInstalls(): Promise<void> {
  system = await startSystem({
    world: { accounts: 8, regions: 2, instances: 300, latency: { installMs: [20_000, 90_000] } },
    config: { muster: { limits: { installs_in_flight: 120 } } },
  });
  await eventually('the installs are in full swing', () => {
    const { commands, joined } = system.report();
    return commands.live >= 2 && joined > 0;
  });
}

test('a worker asked to stop in the middle of its work gives it back and ends with 0 in time', async () => {
  await middleOfInstalls();
  const worker = system.processes.find((one) => one.name.startsWith('worker'));

  const askedAtMs = Date.now();
  worker?.signal('SIGTERM');
  const end = await worker?.ended;

  expect(end).toEqual({ code: 0, signal: null });
  expect(Date.now() - askedAtMs).toBeLessThan(25_000);
  const leftOpen = system.report().commands.live;
  system.start('worker');
  const status = await system.judged();
  expect(leftOpen).toBeGreaterThan(0);
  expect(status.instances.byState).toEqual({ joined: 300 });
  expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: 300 });
});

test('the work of a worker that was killed is taken up by another, and nothing is sent twice', async () => {
  await middleOfInstalls();

  system.processes.find((one) => one.name.startsWith('worker'))?.signal('SIGKILL');
  system.start('worker');

  await system.judged(90_000);
  expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: 300 });
});

test('a Redis that was emptied in the middle of the installs is filled again from AWS and Teleport', async () => {
  await middleOfInstalls();

  await system.redisCall('FLUSHALL');

  const status = await system.judged(90_000);
  expect(status.instances.byState).toEqual({ joined: 300 });
  expect(system.report().installs.perInstance).toEqual({ 0: 0, 1: 300 });
});

test('a Redis that is full in the middle of the installs says so, and nothing is lost or sent twice once it has room', async () => {
  await middleOfInstalls();

  await system.redisCall('CONFIG', 'SET', 'maxmemory', '1mb');
  const { stdout } = await system.cli('findings');
  const pause = await system.cli('pause', '--all', '--yes');
  // Commands that run end meanwhile, and no worker can write that down.
  await eventually('commands have ended', () => system.report().commands.live === 0, 60_000);
  const { sent } = system.report().commands;
  await system.redisCall('CONFIG', 'SET', 'maxmemory', '0');

  expect(stdout).toContain('redis-refuses-writes');
  expect(pause.code).toBe(1);
  expect(pause.stderr).toContain('Redis is full');
  const status = await system.judged(90_000);
  expect(sent).toBeLessThan(system.report().commands.sent);
  expect(status.instances.byState).toEqual({ joined: 300 });
  expect(system.report().installs).toMatchObject({ perInstance: { 0: 0, 1: 300 }, whileLive: 0 });
});
