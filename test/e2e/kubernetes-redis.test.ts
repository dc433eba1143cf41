import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@muster/testing/eventually';
import { expect, onTestFinished, test } from 'vitest';
import { readObjects, workloadsOf } from '../kubernetes/object.ts';

const REDIS = fileURLToPath(
  new URL('../../deploy/kubernetes/components/redis-in-cluster/redis.yaml', import.meta.url),
);
const PASSWORD = '0123456789abcdef0123456789abcdef0123456789abcdef';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('the Redis in the cluster asks for its password, never evicts, and has its data after a kill', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-kubernetes-redis-'));
  const port = await freePort();
  const [workload] = workloadsOf(readObjects(readFileSync(REDIS, 'utf8')));
  const container = workload?.pod.containers[0];
  // The container's folders are of this test, and its port is a free one.
  const here = (line: string): string =>
    line
      .replaceAll(/(?<=[\s("])\/(etc\/muster-redis|tmp|data)\b/g, `${folder}/$1`)
      .replace('redis-cli', `redis-cli -p ${port}`)
      .replace(/(exec redis-server \S+)/, `$1 --port ${port}`);
  for (const { mountPath } of container?.volumeMounts ?? []) {
    mkdirSync(join(folder, mountPath), { recursive: true });
  }
  writeFileSync(join(folder, 'etc/muster-redis/password'), PASSWORD);
  const [program = '', ...args] = [...(container?.command ?? []), ...(container?.args ?? [])].map(here);
  const start = () => spawn(program, args, { stdio: 'ignore' });
  const probe = (): number | null => {
    const [command = '', ...rest] = (container?.readinessProbe?.exec?.command ?? []).map(here);
    return spawnSync(command, rest).status;
  };
  const ask = (...words: readonly string[]): string =>
    spawnSync('redis-cli', ['-p', String(port), ...words], {
      env: { ...process.env, REDISCLI_AUTH: PASSWORD },
      encoding: 'utf8',
    }).stdout.trim();
  let server = start();
  onTestFinished(() => {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  await eventually('the probe of the pod passes', () => probe() === 0);

  expect(spawnSync('redis-cli', ['-p', String(port), 'ping'], { encoding: 'utf8' }).stdout).toContain(
    'NOAUTH',
  );
  expect(ask('config', 'get', 'maxmemory-policy')).toContain('noeviction');
  expect(ask('config', 'get', 'appendonly')).toContain('yes');
  expect(ask('config', 'get', 'appendfsync')).toContain('everysec');
  expect(ask('config', 'get', 'maxmemory')).toContain(String(512 * 1024 * 1024));

  expect(ask('set', 'ledger', 'kept')).toBe('OK');
  // On disk within a second.
  await eventually('it is written', () => ask('info', 'persistence').includes('aof_pending_bio_fsync:0'));
  server.kill('SIGKILL');
  await once(server, 'exit');
  server = start();
  await eventually('the probe passes again', () => probe() === 0);

  expect(ask('get', 'ledger')).toBe('kept');
});
