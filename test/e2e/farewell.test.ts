import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import { superviseProcess, type SupervisedProcess } from '@muster/testing/supervised-process';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A supervisor's SIGTERM is answered in time, whatever Redis or the disk does: else it kills, or waits for ever. */
let system: MusterSystem;

beforeEach(async () => {
  system = await startSystem({ schedulers: 0, workers: 0 });
});
afterEach(() => system.close());

const KINDS = ['scheduler', 'worker', 'run'] as const;
/** Docker's patience. */
const WITHIN_MS = 10_000;

async function started(process: SupervisedProcess): Promise<void> {
  await eventually('the process has started', () => /"url":"http:/.test(process.log()));
}

/** How a process ends that is asked to. */
async function farewellOf(process: SupervisedProcess): Promise<object> {
  const askedAtMs = Date.now();
  process.signal('SIGTERM');
  const end = await process.ended;
  return { ...end, isInTime: Date.now() - askedAtMs < WITHIN_MS };
}

const IN_ORDER = { code: 0, signal: null, isInTime: true };

test.each(KINDS)('a %s that waits for its first Redis can be stopped', async (kind) => {
  const process = system.start(kind, { env: { REDIS_URL: 'redis://127.0.0.1:1' } });
  await eventually('it has begun', () => process.log().includes('redis is not reachable'));

  expect(await farewellOf(process)).toEqual(IN_ORDER);
});

test.each(KINDS)('a %s whose Redis has died can be stopped', async (kind) => {
  const running = system.start(kind);
  await started(running);
  process.kill(system.redis().pid, 'SIGKILL');
  await eventually('it has noticed', () => running.log().includes('redis is not reachable'));

  expect(await farewellOf(running)).toEqual(IN_ORDER);
});

test.each(KINDS)('a %s whose Redis says nothing can be stopped', async (kind) => {
  const running = system.start(kind);
  await started(running);
  process.kill(system.redis().pid, 'SIGSTOP');

  try {
    expect(await farewellOf(running)).toEqual(IN_ORDER);
  } finally {
    process.kill(system.redis().pid, 'SIGCONT');
  }
});

test.each([['scheduler'], ['worker'], ['run']])(
  'a %s whose port is taken ends, and says so',
  async (kind) => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const listen = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    // Of a run the scheduler starts first, and has to be stopped again.
    system.configure({
      muster: { worker: { listen }, console: { listen: kind === 'run' ? '127.0.0.1:0' : listen } },
    });

    const refused = await system.cli(kind);

    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`address already in use ${listen}`);
    taken.close();
  },
);

test.runIf(process.platform === 'linux').each(KINDS)(
  'a %s whose log cannot be written works on, and can be stopped',
  async (kind) => {
    const running = superviseProcess({ name: kind, args: [kind], env: system.env, logFile: '/dev/full' });
    const isConnected = async (): Promise<boolean> =>
      String(await system.redisCall('CLIENT', 'LIST')).includes(
        `name=muster-${kind === 'run' ? 'worker' : kind}`,
      );
    await eventually('it is connected', isConnected);
    // Its lines so far, such as that it has started, are lost.
    await eventually('its queues are there', async () => {
      const keys = (await system.redisCall('KEYS', '{test}:queue:*')) as string[];
      return keys.length > 0;
    });
    expect(running.isRunning()).toBe(true);

    expect(await farewellOf(running)).toEqual(IN_ORDER);
  },
);
