/** The compose files: what every container is denied, who has a way out, what is published. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MusterShape } from '@muster/core/config/muster-schema';
import { parseDuration } from '@muster/core/config/value-shapes';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
}

interface ComposeService {
  readonly image: string;
  readonly volumes?: readonly (Mount | string)[];
  readonly networks?: readonly string[];
  readonly network_mode?: string;
  readonly ports?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly stop_grace_period?: string;
  readonly [key: string]: unknown;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks?: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

function readText(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function read(file: string): ComposeFile {
  return parse(readText(file), { merge: true }) as ComposeFile;
}

const product = read('docker-compose.yml');
const demo = read('docker-compose.demo.yml');

function serviceOf(name: string): ComposeService {
  const service = product.services[name];
  if (service === undefined) throw new Error(`there is no service ${name}`);
  return service;
}

function filesOf(name: string): readonly string[] {
  return (serviceOf(name).volumes ?? [])
    .filter((volume) => typeof volume !== 'string')
    .filter(({ type }) => type === 'bind')
    .map(({ source, target }) => `${source} as ${target}`);
}

test('the configuration is checked beside the same files that the processes read it with', () => {
  const checked = filesOf('config');

  expect(checked).toContain('./marker.key as /etc/muster/marker.key');
  for (const name of ['scheduler', 'worker']) {
    expect(filesOf(name).toSorted()).toEqual(checked.toSorted());
  }
});

describe.each([
  ['docker-compose.yml', product],
  ['docker-compose.demo.yml', demo],
])('%s', (_file, { services }) => {
  test.each(Object.entries(services))('%s has no privilege and is bounded', (_name, service) => {
    expect(service).toMatchObject({
      security_opt: ['no-new-privileges:true'],
      cap_drop: ['ALL'],
      read_only: true,
      pids_limit: expect.any(Number) as number,
      mem_limit: expect.stringMatching(/\dm$|\dg$|_LIMIT:-\dg\}$/) as string,
      logging: {
        driver: 'json-file',
        options: { 'max-size': expect.any(String) as string, 'max-file': expect.any(String) as string },
      },
    });
    for (const key of ['cap_add', 'privileged', 'devices', 'pid', 'ipc', 'userns_mode', 'group_add']) {
      expect(service).not.toHaveProperty(key);
    }
  });

  test('what is published is published on loopback', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);

    expect(ports.length).toBeGreaterThan(0);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  test('Redis keeps what it is told, within its memory', () => {
    const command = ((services['redis']?.['command'] ?? []) as readonly string[]).join(' ');

    expect(command).toMatch(/--appendonly yes .*--maxmemory-policy noeviction/);
    expect(services['redis']?.ports).toBeUndefined();
  });
});

describe('the way out', () => {
  const isInternal = (network: string) => product.networks?.[network]?.internal === true;
  const withWayOut = Object.entries(product.services)
    .filter(
      ([, { networks = ['default'], network_mode: mode }]) => mode !== 'none' && !networks.every(isInternal),
    )
    .map(([name]) => name);

  test('is the workers’ and that of the containers that publish ports: the scheduler and Redis reach no instance metadata', () => {
    expect(withWayOut.toSorted()).toEqual(['console', 'dashboards', 'worker']);
    for (const service of Object.values(product.services)) {
      expect(service.network_mode ?? 'none').toBe('none');
    }
  });

  test('leads past nothing: a container that publishes a port knows no secret and does not reach Redis', () => {
    for (const name of ['console', 'dashboards']) {
      const service = serviceOf(name);

      expect(service.volumes).toBeUndefined();
      expect(service.environment).toBeUndefined();
      expect(service.networks).not.toContain('ledger');
    }
  });

  test('alone has AWS credentials', () => {
    const holders = Object.entries(product.services)
      .filter(([, { environment = {} }]) => Object.keys(environment).some((key) => key.startsWith('AWS_')))
      .map(([name]) => name);

    expect(holders).toEqual(['worker']);
  });
});

test('a container with root’s user id ends by itself, and mounts no file of the operator: without capabilities it reads none of user 1000', () => {
  const roots = Object.entries(product.services).filter(([, { user }]) => user?.startsWith('0') === true);

  expect(roots.map(([name]) => name)).toEqual(['redis-password', 'monitoring-secrets']);
  for (const [name, service] of roots) {
    expect(service['restart']).toBe('no');
    expect(filesOf(name)).toEqual([]);
    expect(JSON.stringify(service.volumes)).not.toMatch(/marker\.key|muster\.yaml/);
  }
});

test('an update of Muster’s image leaves Redis alone: nothing that Redis waits for is of that image', () => {
  const waitsFor = (name: string): readonly string[] =>
    Object.keys(serviceOf(name)['depends_on'] ?? {}).flatMap((one) => [one, ...waitsFor(one)]);

  expect(waitsFor('redis')).toEqual(['redis-password']);
  expect(serviceOf('redis-password').image).toBe(serviceOf('redis').image);
});

test('the token of Prometheus is made beside the files of the configuration, in a folder that is opened first', () => {
  const { command, depends_on: after, user } = serviceOf('metrics-token');
  const opened = JSON.stringify(serviceOf('monitoring-secrets')['command']);

  expect(user).toBeUndefined();
  expect(filesOf('metrics-token').toSorted()).toEqual(filesOf('config').toSorted());
  expect(after).toHaveProperty('monitoring-secrets', { condition: 'service_completed_successfully' });
  expect(opened).toContain('chmod 1777 /run/metrics-token');
  expect(serviceOf('monitoring-secrets').volumes).toContain('metrics-token:/run/metrics-token');
  // A fault of any step fails the container: the log of the first one says why.
  expect(JSON.stringify(command)).not.toContain('|| true');
  expect(serviceOf('prometheus')['depends_on']).toHaveProperty('metrics-token');
});

test('how many workers run is a setting that the next `up` knows too, and every page uses it', () => {
  const { scale } = serviceOf('worker');
  const pages = [
    'README.md',
    'docs/deploy/compose.md',
    'docs/upgrade.md',
    'docs/runbook.md',
    'docs/inventory.md',
  ];
  const commands = pages.flatMap((page) =>
    [...readText(page).matchAll(/^docker compose .*--scale.*$/gm)].map(([line]) => `${page}: ${line}`),
  );

  expect(scale).toBe(`\${MUSTER_WORKERS:-2}`);
  expect(commands).toEqual([]);
});

test('a worker has memory for its tctl, as the pages say', () => {
  expect(serviceOf('worker')['mem_limit']).toBe('1g');
  expect(readText('docs/deploy/compose.md')).toContain('| `worker` | 1 GB each, its `tctl` included |');
  expect(readText('docs/capacity.md')).toContain('A worker needs 0.5 vCPU and 1 GB with its `tctl`');
});

test('the bridges that the page’s rules of the firewall name are those of the example', () => {
  const named = readText('docs/deploy/compose.md').matchAll(/^iptables .*$/gm);
  const bridges = [...named].flatMap(([rule]) => [...rule.matchAll(/-[io] (\S+)/g)].map(([, name]) => name));
  const example = readText('deploy/docker-compose.override.example.yml');
  const given = [...example.matchAll(/bridge\.name: (\S+)/g)].map(([, name]) => name);

  expect(new Set(bridges)).toEqual(new Set(['muster-out', 'muster-outside']));
  expect(new Set(given)).toEqual(new Set(bridges));
  // The kernel's limit for a name of an interface.
  for (const name of given) expect(name?.length).toBeLessThanOrEqual(15);
});

test('the engine waits longer for a process to end than the process itself may take', () => {
  const shutdownMs = MusterShape.parse({}).worker.shutdown;

  for (const { services } of [product, demo]) {
    for (const name of ['scheduler', 'worker']) {
      const graceMs = parseDuration(services[name]?.stop_grace_period ?? '10s') ?? 0;

      expect(graceMs).toBeGreaterThanOrEqual(shutdownMs + 15_000);
    }
  }
});
