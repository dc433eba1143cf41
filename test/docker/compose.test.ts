/**
 * docker-compose.yml as it is, with images of this checkout, against simulators in a container. Needs an engine, and so is
 * asked for: MUSTER_TEST_DOCKER=1. MUSTER_TEST_DOCKER_BUILD has more words for `docker build` (`--network host`), or is `no`
 * where muster:latest and muster-demo:latest are built already.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '@muster/testing/eventually';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROJECT = 'muster-test';
const METADATA = '169.254.169.254';
const INSTANCES = 12;
const TOKEN_FILE = '/run/secrets/muster-metrics-token';
const folder = mkdtempSync(join(tmpdir(), 'muster-docker-'));
const env = {
  ...process.env,
  MUSTER_TEST_FOLDER: folder,
  MUSTER_TEST_WORLD: `--accounts 3 --regions 2 --instances ${INSTANCES} --scenario clean`,
  MUSTER_NETWORKS: '198.18.77',
};
const run = promisify(execFile);

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('docker', args, { cwd: ROOT, env, maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

function compose(...args: readonly string[]): Promise<string> {
  const files = ['docker-compose.yml', 'test/docker/simulators.yml'].flatMap((file) => ['-f', file]);
  return docker('compose', ...files, '-p', PROJECT, ...args);
}

/** As docs/deploy/compose.md asks: readable to user 1000 and to no other. Who is neither that user nor root cannot make such a file. */
function writeMarkerKey(): void {
  const file = join(folder, 'marker.key');
  const isOurs = process.getuid?.() === 0 || process.getuid?.() === 1000;
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: isOurs ? 0o400 : 0o644 });
  if (process.getuid?.() === 0) chownSync(file, 1000, 1000);
}

async function buildImages(): Promise<void> {
  const words = process.env['MUSTER_TEST_DOCKER_BUILD'] ?? '';
  if (words === 'no') return;
  const more = words.split(' ').filter((word) => word !== '');
  await docker('build', ...more, '-t', 'muster:latest', '.');
  await docker('build', ...more, '--target', 'demo', '-t', 'muster-demo:latest', '.');
}

interface Report {
  readonly readableInstances: number;
  readonly installs: { readonly whileLive: number; readonly afterJoined: number };
  readonly joined: number;
}

async function report(): Promise<Report> {
  const ask = "fetch('http://127.0.0.1:4566/_sim/report').then(async (r) => console.log(await r.text()))";
  return JSON.parse(await compose('exec', '-T', 'simulators', 'node', '-e', ask)) as Report;
}

async function ids(service: string): Promise<readonly string[]> {
  return (await compose('ps', '-q', service)).split('\n').toSorted();
}

/** muster:latest becomes an image that differs in a variable alone; muster:before-test is what it was. */
async function changeImage(): Promise<void> {
  await docker('tag', 'muster:latest', 'muster:before-test');
  const container = await docker('create', 'muster:latest');
  await docker('commit', '--change', 'ENV OTHER_RELEASE=1', container, 'muster:latest');
  await docker('rm', container);
}

/** What a container gets of an address: a status, or the code of the error. */
function fetched(service: string, url: string): Promise<string> {
  const ask = `fetch('${url}', { signal: AbortSignal.timeout(5000) }).then((r) => console.log(r.status), (e) => console.log(e.cause?.code ?? e.name))`;
  return compose('exec', '-T', service, 'node', '-e', ask);
}

describe.skipIf(process.env['MUSTER_TEST_DOCKER'] !== '1')(
  'with a Docker engine (MUSTER_TEST_DOCKER=1)',
  () => {
    beforeAll(async () => {
      await buildImages();
      writeMarkerKey();
      writeFileSync(join(folder, 'muster.yaml'), '');
      await compose('up', '-d', 'simulators');
      const written = await eventually('the simulators have written their configuration', () =>
        compose('exec', '-T', 'simulators', 'cat', '/app/.muster/sim.yaml'),
      );
      const configuration = written
        .replace(/127\.0\.0\.1:\d+/, 'simulators:3080')
        .replace(/command: .*/, 'command: tctl')
        .replace(/\n +console:[^]*/, '\n');
      writeFileSync(join(folder, 'muster.yaml'), configuration, { mode: 0o644 });
      await compose('up', '-d');
      await eventually(
        'the console answers',
        async () => (await fetch('http://127.0.0.1:18080/readyz')).ok,
        120_000,
      );
    }, 1_200_000);
    afterAll(async () => {
      await compose('--profile', 'monitoring', 'down', '-v', '--timeout', '5');
      rmSync(folder, { recursive: true });
    });

    test.each(['scheduler', 'worker', 'redis', 'console'])(
      'the %s is an ordinary user without capabilities on a read-only file system',
      async (service) => {
        const status = await compose('exec', '-T', service, 'cat', '/proc/1/status');

        expect(status).not.toMatch(/^Uid:\s+0/m);
        expect(status.match(/^Cap(Eff|Prm|Bnd):\s+0+$/gm)).toHaveLength(3);
        expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
        await expect(compose('exec', '-T', service, 'touch', '/app')).rejects.toThrow(
          'Read-only file system',
        );
      },
    );

    test('the Node that runs is the lockfile’s, and there is no other', async () => {
      const [version, path] = (
        await compose('exec', '-T', 'worker', 'node', '-p', '`${process.version} ${process.execPath}`')
      ).split(' ');

      expect(version).toBe(`v${readFileSync(join(ROOT, '.node-version'), 'utf8').trim()}`);
      expect(path).toMatch(/^\/app\/node_modules\/\.pnpm\/node-linux-/);
      expect(await compose('exec', '-T', 'worker', 'ls', '/usr/local/bin')).not.toMatch(/node|npm|yarn/);
    });

    test('tctl finds authorities that it can trust a public proxy by', async () => {
      const bundle = await compose('exec', '-T', 'worker', 'cat', '/etc/ssl/certs/ca-certificates.crt');

      expect(bundle.match(/^-----BEGIN CERTIFICATE-----$/gm)?.length).toBeGreaterThan(100);
    });

    test('no file in the image says when pnpm ran', async () => {
      const files = await compose('exec', '-T', 'worker', 'ls', '-A', '/app/node_modules');

      expect(files).toContain('.pnpm');
      expect(files).not.toMatch(/^\.(modules\.yaml|pnpm-workspace-state)/m);
    });

    test('two workers run where nothing says how many, and a further `up` leaves them', async () => {
      const started = await compose('ps', '-q', 'worker');
      await compose('up', '-d', 'worker');
      await compose('up', '-d');

      expect(started.split('\n')).toHaveLength(2);
      expect(await compose('ps', '-q', 'worker')).toBe(started);
    });

    test('another image of Muster replaces the workers first, then the scheduler, each once, and Redis not at all', async () => {
      const [before, redis] = await Promise.all([ids('worker'), ids('redis')]);
      const scheduler = await ids('scheduler');
      await changeImage();
      try {
        await compose('up', '-d', 'worker');
        const after = await ids('worker');

        expect(after).toHaveLength(2);
        expect(before.filter((id) => after.includes(id))).toEqual([]);
        expect(await ids('scheduler')).toEqual(scheduler);
        await compose('up', '-d');
        expect(await ids('worker')).toEqual(after);
        expect(await ids('scheduler')).not.toEqual(scheduler);
        expect(await ids('redis')).toEqual(redis);
      } finally {
        await docker('tag', 'muster:before-test', 'muster:latest');
      }
    }, 180_000);

    test('Prometheus gets a token at each start, made by the user that may read the marker key', async () => {
      const monitoring = (...args: readonly string[]) => compose('--profile', 'monitoring', ...args);
      const token = () =>
        monitoring('run', '--rm', '-T', '--no-deps', '--entrypoint', 'cat', 'metrics-token', TOKEN_FILE);

      await monitoring('run', '--rm', '-T', 'metrics-token');
      const first = await token();
      await monitoring('run', '--rm', '-T', 'metrics-token');
      const second = await token();

      expect(first).toMatch(/^muster_[\w-]{43}$/);
      expect(second).toMatch(/^muster_[\w-]{43}$/);
      expect(second).not.toBe(first);
    });

    test.skipIf(process.getuid?.() !== 0)(
      'a metadata service of the host answers workers, and is out of reach for the scheduler and Redis (needs root)',
      async () => {
        execFileSync('ip', ['address', 'replace', `${METADATA}/32`, 'dev', 'lo']);
        const metadata = createServer((_request, response) => response.end('credentials')).listen(
          80,
          METADATA,
        );
        try {
          await once(metadata, 'listening');

          expect(await fetched('worker', `http://${METADATA}/`)).toBe('200');
          expect(await fetched('scheduler', `http://${METADATA}/`)).not.toBe('200');
          await expect(
            compose('exec', '-T', 'redis', 'bash', '-c', `exec 3<>/dev/tcp/${METADATA}/80`),
          ).rejects.toThrow(/unreachable|No route to host/);
        } finally {
          metadata.close();
          execFileSync('ip', ['address', 'delete', `${METADATA}/32`, 'dev', 'lo']);
        }
      },
    );

    test('every host joins, and none is sent to twice', async () => {
      await compose('exec', '-T', 'scheduler', 'muster', 'resume', '--all', '--yes');

      const last = await eventually(
        'all have joined',
        async () => {
          const now = await report();
          return now.joined === now.readableInstances ? now : null;
        },
        900_000,
      );

      expect(last.readableInstances).toBe(INSTANCES);
      expect(last.installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
    }, 920_000);

    test('SIGTERM reaches the processes: each ends in order, and before the engine kills it', async () => {
      const ids = (await compose('ps', '-q', 'scheduler', 'worker', 'console')).split('\n');

      await compose('stop', 'scheduler', 'worker', 'console');

      const codes = await docker('inspect', '--format', '{{.State.ExitCode}}', ...ids);
      expect(codes.split('\n')).toEqual(ids.map(() => '0'));
    });
  },
);
