import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createRawClient } from './testing/raw-client.ts';
import { startSim } from './testing/simulators.ts';

test('ten thousand accounts and a million instances are there at once', { timeout: 120_000 }, async () => {
  const startedAt = performance.now();

  const sim = await startSim({ accounts: 10_000, regions: 17, instances: 1_000_000, scenario: 'realistic' });
  const startMs = performance.now() - startedAt;
  const report = sim.report();

  expect(startMs).toBeLessThan(10_000);
  expect(process.memoryUsage().rss).toBeLessThan(1.5e9);
  expect(report).toMatchObject({ accounts: 10_000, instances: 1_000_000 });
  expect(report.readableInstances).toBeGreaterThan(850_000);
});

/** A simulator in a process of its own, without limits; the result is where it listens. */
async function spawnSim(): Promise<string> {
  const file = join(tmpdir(), `aws-sim-unlimited-${process.pid}.json`);
  writeFileSync(file, JSON.stringify({ name: 'unlimited', limits: { '*': null }, accounts: [{}] }));
  const main = new URL('main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, [main, '--port', '0', '--world', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return line.toString('utf8').trim().replace('AWS_ENDPOINT_URL=', '');
}

async function usedMs(url: string): Promise<number> {
  const health = (await (await fetch(`${url}/_sim/health`)).json()) as { cpuMs: number };
  return health.cpuMs;
}

test('one core answers at least three thousand small calls a second', { timeout: 120_000 }, async () => {
  const url = await spawnSim();
  const client = createRawClient(url, 16);
  onTestFinished(() => {
    client.close();
  });
  const callMany = async (calls: number): Promise<Set<number>> => {
    const statuses = new Set<number>();
    let left = calls;
    const caller = async (): Promise<void> => {
      while (left-- > 0) statuses.add(await client.callSts('GetCallerIdentity'));
    };
    await Promise.all(Array.from({ length: 16 }, caller));
    return statuses;
  };
  await callMany(1_000);

  const before = await usedMs(url);
  const statuses = await callMany(4_000);
  const spentMs = (await usedMs(url)) - before;

  expect([...statuses]).toEqual([200]);
  expect(4_000 / (spentMs / 1000)).toBeGreaterThan(3_000);
});
