import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, startSystem } from '@muster/testing/muster-system';
import type { SupervisedProcess } from '@muster/testing/supervised-process';
import { afterEach, beforeEach, expect, test } from 'vitest';

let system: MusterSystem;

beforeEach(async () => {
  system = await startSystem({ schedulers: 0, workers: 0 });
});
afterEach(() => system.close());

/** Where a process serves its health; it says so when it has started. */
async function urlOf(process: SupervisedProcess): Promise<string> {
  return eventually('the process has started', () => /"url":"(http:[^"]+)"/.exec(process.log())?.[1] ?? null);
}

/** What /readyz says: the status and, when it is not ready, why. */
async function readiness(url: string): Promise<{ status: number; redis: string | null }> {
  const response = await fetch(`${url}/readyz`);
  const { checks } = (await response.json()) as { checks: { redis: string | null } };
  return { status: response.status, redis: checks.redis };
}

test.each(['scheduler', 'worker'] as const)(
  'a %s does not start on a Redis that may evict, and says how to mend it',
  async (kind) => {
    await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');

    const refused = system.start(kind);

    expect((await refused.ended).code).not.toBe(0);
    expect(refused.log()).toContain('CONFIG SET maxmemory-policy noeviction');
  },
);

test('a worker is not ready while Redis is frozen, may evict or is dead, lives on, and is ready again after', async () => {
  const worker = system.start('worker');
  const url = await urlOf(worker);
  await eventually('it is ready', async () => (await readiness(url)).status === 200);
  const isUnready = async (): Promise<boolean> => (await readiness(url)).status === 503;
  const isReady = async (): Promise<boolean> => (await readiness(url)).status === 200;

  process.kill(system.redis().pid, 'SIGSTOP');
  await eventually('a frozen Redis makes it unready', isUnready);
  process.kill(system.redis().pid, 'SIGCONT');
  await eventually('it is ready again', isReady);

  await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  await eventually('a Redis that may evict makes it unready', isUnready);
  expect((await readiness(url)).redis).toContain('noeviction');
  await system.redisCall('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  await eventually('it is ready again', isReady);

  process.kill(system.redis().pid, 'SIGKILL');
  await eventually('a dead Redis makes it unready', isUnready);
  await system.restartRedis();
  await eventually('it is ready again', isReady);
  expect(worker.isRunning()).toBe(true);
});
