/** The product started as the units of `muster init` start it: by their own command, environment and environment files. */
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@muster/testing/eventually';
import { exampleSettings, fileOf } from '@muster/cli/init/example.fixture';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { freePort } from '@muster/testing/redis-server';
import { type SupervisedProcess, superviseProcess } from '@muster/testing/supervised-process';
import { TEST_MARKER_KEY } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

let system: MusterSystem | undefined;
let folder = '';
const started: SupervisedProcess[] = [];

afterEach(async () => {
  for (const child of started) child.signal('SIGTERM');
  await Promise.all(started.splice(0).map((child) => child.ended));
  await system?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What systemd makes of a unit: the command, and the environment with its files in order. */
interface Started {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** @param place where the paths of the unit are on this machine */
function readUnit(name: string, place: (path: string) => string): Started {
  const unit = fileOf(exampleSettings({ region: ['us-east-1'] }), `systemd/${name}`).replaceAll('%i', '1');
  const settings = unit
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.includes('='))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const);
  const all = (key: string): readonly string[] =>
    settings.filter(([one]) => one === key).map(([, value]) => value);
  const assignments = [
    ...all('Environment'),
    ...all('EnvironmentFile').flatMap((file) => {
      const path = place(file.replace(/^-/, ''));
      if (!existsSync(path) && file.startsWith('-')) return [];
      return readFileSync(path, 'utf8').split('\n').filter(Boolean);
    }),
  ];
  const unset = new Set(all('UnsetEnvironment').flatMap((names) => names.split(' ')));
  const env = Object.fromEntries(
    assignments
      .map((text) => [text.slice(0, text.indexOf('=')), place(text.slice(text.indexOf('=') + 1))] as const)
      .filter(([variable]) => !unset.has(variable)),
  );
  return { command: (all('ExecStart')[0] ?? '').split(' ').map(place), env };
}

test('the units start both, with the password by file and the key of AWS in the worker’s file alone, and every host is enrolled', async () => {
  const running = await startSystem({ schedulers: 0, workers: 0 });
  system = running;
  folder = mkdtempSync(join(tmpdir(), 'muster-etc-'));
  const place = (path: string): string =>
    path.replace(/^\/opt\/muster(?=\/)/, join(folder, 'release')).replace(/^\/etc\/muster(?=\/)/, folder);
  // /opt/muster is a link to a release, so that the next one can be made beside it.
  symlinkSync(ROOT, join(folder, 'release'));
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  };
  const config = JSON.parse(readFileSync(running.configFile, 'utf8')) as { muster: object };
  const ports = { scheduler: await freePort(), worker: await freePort() };
  const listening = { ...config.muster, console: { listen: `127.0.0.1:${ports.scheduler}` } };
  write('muster.yaml', JSON.stringify({ ...config, muster: listening }));
  write('marker.key', `${TEST_MARKER_KEY}\n`);
  write('redis-password', `${REDIS_PASSWORD}\n`);
  const { MUSTER_SPEED, AWS_ENDPOINT_URL, TELEPORT_SIM_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } =
    running.env;
  const keys = [`AWS_ACCESS_KEY_ID=${AWS_ACCESS_KEY_ID}`, `AWS_SECRET_ACCESS_KEY=${AWS_SECRET_ACCESS_KEY}`];
  const shared = [
    `REDIS_URL=redis://127.0.0.1:${running.redis().port}`,
    `MUSTER_SPEED=${MUSTER_SPEED}`,
    `AWS_ENDPOINT_URL=${AWS_ENDPOINT_URL}`,
    `PATH=${process.env['PATH']}`,
    // A slip: what is for workers stands where all read it.
    'AWS_PROFILE=admin',
  ];
  write('environment', `${shared.join('\n')}\n`);
  // The port of the test, in place of 9091; no profile, since there is a key.
  write(
    'worker.environment',
    `${[...keys, 'AWS_PROFILE=', `TELEPORT_SIM_URL=${TELEPORT_SIM_URL}`, `MUSTER_WORKER_LISTEN=127.0.0.1:${ports.worker}`].join('\n')}\n`,
  );

  for (const [name, verb] of [
    ['muster-scheduler.service', 'scheduler'],
    ['muster-worker@.service', 'worker'],
  ] as const) {
    const { command, env } = readUnit(name, place);
    const [node = '', entry = '', ...args] = command;
    expect(existsSync(node), node).toBe(true);
    expect(args).toEqual([verb]);
    expect(Object.keys(env).filter((variable) => /^AWS_(?!ENDPOINT_URL)/.test(variable))).toEqual(
      verb === 'worker' ? ['AWS_REGION', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] : [],
    );
    started.push(superviseProcess({ name: verb, entry, args, env, logFile: join(folder, `${verb}.log`) }));
  }

  for (const [index, port] of [ports.scheduler, ports.worker].entries()) {
    await eventually(`port ${port} is ready`, async () => {
      const child = started[index];
      if (child?.isRunning() !== true) throw new Error(child?.log());
      return fetch(`http://127.0.0.1:${port}/readyz`).then(
        (answer) => answer.ok || null,
        () => null,
      );
    });
  }
  const page = await fetch(`http://127.0.0.1:${ports.scheduler}/`);
  expect(await page.text()).toContain('<div id="root">');
  await running.judged(120_000);
  for (const child of started) child.signal('SIGTERM');
  const ends = await Promise.all(started.map((child) => child.ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
});
