import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AwsSimReport } from '@muster/aws-sim/report/report';
import type { OrganizationStatus } from '@muster/core/reports/organization-status';
import { eventually } from '@muster/testing/eventually';
import { startRedis } from '@muster/testing/redis-server';
import { refereeFaults } from '@muster/testing/referee';
import { baseEnvironment, isAlive, runProgram } from '@muster/testing/supervised-process';
import { expect, test } from 'vitest';

const DEMO = fileURLToPath(new URL('../../apps/demo/src/main.ts', import.meta.url));

test('the demo enrolls a simulated organization and ends with its status as one line of JSON', async () => {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const reportFile = join(folder, 'report.json');
  const size = ['--accounts', '20', '--regions', '4', '--instances', '400', '--seed', '7'];

  const { code, stdout, stderr } = await runProgram(
    [DEMO, '--once', '--json', ...size, '--report', reportFile, '--port', '0'],
    { env: { ...baseEnvironment(), REDIS_URL: redis.url }, timeoutMs: 120_000 },
  );
  await redis.stop();

  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  const status = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as OrganizationStatus;
  const report = JSON.parse(readFileSync(reportFile, 'utf8')) as AwsSimReport;
  rmSync(folder, { recursive: true });
  expect(refereeFaults(report, status)).toEqual([]);
  expect(status.sweep).toMatchObject({ state: 'finished', accounts: { total: report.accounts } });
  expect(status.instances.byState['joined']).toBeGreaterThan(250);
  // With the product's defaults: a first run holds, and the demo's operator releases it after a look, by the command line.
  expect(stderr).toMatch(
    /A first run sends nothing until an operator has looked at what it found: \d+ hosts wait/,
  );
  expect(stderr).toMatch(/MUSTER_CONFIG=\S+ REDIS_URL=\S+ \.\/muster resume --all\n/);
  expect(stderr).toContain('resumed all\n');
});

test.each([
  ['--world', '/no/such/world.yaml'],
  ['--report', '/no/such/folder/report.json'],
])('the demo refuses %s %s before it starts anything', async (...args) => {
  const { code, stdout, stderr } = await runProgram([DEMO, '--once', ...args], { env: baseEnvironment() });

  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain('/no/such/');
  expect(stderr).not.toContain(' at ');
});

test('the demo of an organization without instances ends, complete', async () => {
  const redis = await startRedis();
  const size = ['--accounts', '1', '--regions', '1', '--instances', '0'];

  const { code, stdout } = await runProgram([DEMO, '--once', '--json', ...size, '--port', '0'], {
    env: { ...baseEnvironment(), REDIS_URL: redis.url },
  });
  await redis.stop();

  const status = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as OrganizationStatus;
  expect(code).toBe(0);
  expect(status).toMatchObject({ sweep: { verdict: 'complete' }, instances: { total: 0 } });
});

test('a demo that is killed leaves no process behind', async () => {
  const redis = await startRedis();
  const size = ['--accounts', '1', '--regions', '1', '--instances', '5', '--port', '0'];
  const env = { ...baseEnvironment(), REDIS_URL: redis.url };
  const child = spawn(process.execPath, [DEMO, ...size], { env, stdio: 'ignore' });
  const family = await eventually('scheduler and workers run', () => {
    const pids = childrenOf(child.pid ?? 0).filter(({ command }) => command.includes('muster.js'));
    return pids.length === 3 ? pids.map(({ pid }) => pid) : null;
  });

  child.kill('SIGKILL');

  const gone = eventually('all are gone', () => family.every((pid) => !isAlive(pid)));
  await expect(gone).resolves.toBe(true);
  await redis.stop();
});

function childrenOf(parent: number): readonly { readonly pid: number; readonly command: string }[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => match !== null && Number(match[2]) === parent)
    .map((match) => ({ pid: Number(match?.[1]), command: match?.[3] ?? '' }));
}
