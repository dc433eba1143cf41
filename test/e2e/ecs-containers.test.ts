/** The product started as deploy/ecs starts it: by the container definitions' own commands and environment. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { freePort } from '@muster/testing/redis-server';
import {
  baseEnvironment,
  type SupervisedProcess,
  superviseProcess,
} from '@muster/testing/supervised-process';
import { TEST_MARKER_KEY } from '@muster/testing/system-config';
import { afterEach, expect, test } from 'vitest';
import { type ContainerDefinition, ECS_CONTAINERS, FILE_ARNS } from '../repo/ecs-containers.ts';

let system: MusterSystem | undefined;
const started: SupervisedProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of started) child.signal('SIGTERM');
  await Promise.all(started.splice(0).map((child) => child.ended));
  await system?.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A task's volumes, and its paths in them. */
function openVolumes(): { readonly folder: string; in(text: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'muster-task-'));
  folders.push(folder);
  for (const name of ['etc/muster', 'tmp', 'opt/machine-id']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  return {
    folder,
    in: (text) => text.replaceAll(/(?<![\w.-])\/(etc\/muster|tmp|opt\/machine-id)\b/g, `${folder}/$1`),
  };
}

/** The container that writes the secrets, and then the process; the check of its health. */
async function startTask(
  definitions: readonly ContainerDefinition[],
  secrets: Readonly<Record<string, string>>,
  more: NodeJS.ProcessEnv,
): Promise<() => Promise<boolean>> {
  const [files, process_] = definitions;
  if (files === undefined || process_ === undefined) throw new Error('no definitions');
  const volumes = openVolumes();
  const env = Object.fromEntries(
    (files.secrets ?? []).map(({ name, valueFrom }) => {
      const [file = ''] = Object.entries(FILE_ARNS).find(([, arn]) => arn === valueFrom) ?? [];
      return [name, secrets[file] ?? ''];
    }),
  );
  const [shell = '', ...args] = [
    ...(files.entryPoint ?? []),
    ...files.command.map((text) => volumes.in(text)),
  ];
  const written = spawnSync(shell, args, { env, encoding: 'utf8' });
  expect({ status: written.status, stderr: written.stderr }).toEqual({ status: 0, stderr: '' });

  const port = await freePort();
  const withPort = (text: string): string => text.replaceAll(/:(8080|9090)\b/g, `:${port}`);
  const told = process_.environment.map(({ name, value }) => [name, withPort(volumes.in(value))] as const);
  const child = superviseProcess({
    name: process_.name,
    args: process_.command,
    env: { ...baseEnvironment(), ...Object.fromEntries(told), ...more },
    logFile: join(volumes.folder, 'tmp', `${process_.name}.log`),
  });
  started.push(child);
  const [, , flag = '', script = ''] = process_.healthCheck?.command ?? [];
  return async () => {
    if (!child.isRunning()) throw new Error(child.log());
    try {
      await promisify(execFile)(process.execPath, [flag, withPort(script)]);
      return true;
    } catch {
      return false;
    }
  };
}

test('the tasks of deploy/ecs become healthy and enroll every host; the scheduler without a word of AWS', async () => {
  const running = await startSystem({ schedulers: 0, workers: 0 });
  system = running;
  const redisUrl = `redis://127.0.0.1:${running.redis().port}`;
  const secrets = {
    'muster.yaml': readFileSync(running.configFile, 'utf8'),
    'marker.key': TEST_MARKER_KEY,
    'redis-password': REDIS_PASSWORD,
    'tbot.yaml': 'version: v2',
  };
  const { MUSTER_SPEED, TELEPORT_SIM_URL, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } =
    running.env;
  // Redis is the only address that they name.
  const here = (definitions: readonly ContainerDefinition[]): readonly ContainerDefinition[] =>
    JSON.parse(
      JSON.stringify(definitions).replaceAll('rediss://redis.example.com:6379', redisUrl),
    ) as ContainerDefinition[];

  const isSchedulerHealthy = await startTask(here(ECS_CONTAINERS.scheduler), secrets, {
    MUSTER_SPEED,
    AWS_ENDPOINT_URL,
  });
  const isWorkerHealthy = await startTask(here(ECS_CONTAINERS.worker), secrets, {
    MUSTER_SPEED,
    TELEPORT_SIM_URL,
    AWS_ENDPOINT_URL,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY,
  });

  await eventually(
    'both are healthy',
    async () => ((await isSchedulerHealthy()) && (await isWorkerHealthy())) || null,
    60_000,
  );
  await running.judged(120_000);
  expect(running.report().joined).toBeGreaterThan(30);
  for (const child of started) child.signal('SIGTERM');
  const ends = await Promise.all(started.map((child) => child.ended));
  expect(ends.map(({ code }) => code)).toEqual([0, 0]);
});
