import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@muster/testing/eventually';
import { type MusterSystem, REDIS_PASSWORD, startSystem } from '@muster/testing/muster-system';
import { baseEnvironment } from '@muster/testing/supervised-process';
import {
  type ConfigPart,
  mergeParts,
  organizationMatcher,
  TEST_MARKER_KEY,
} from '@muster/testing/system-config';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { startPodIdentityAgent, startTokenService } from './kubernetes-identity.fixture.ts';
import { type Contents, pathOf, type PodOnHost, startPod } from './kubernetes-pod.fixture.ts';

const BASE = fileURLToPath(new URL('../../deploy/kubernetes/base', import.meta.url));

let system: MusterSystem;
let agent: Awaited<ReturnType<typeof startPodIdentityAgent>>;
let tokenService: Awaited<ReturnType<typeof startTokenService>>;
let pods: { readonly schedulers: readonly PodOnHost[]; readonly workers: readonly PodOnHost[] };

/** muster.yaml of the base, for the simulated organization. */
function configMap(over: ConfigPart = {}): string {
  const base = parse(readFileSync(join(BASE, 'muster.yaml'), 'utf8')) as ConfigPart;
  const { facts } = system;
  return stringify(
    mergeParts(
      mergeParts(base, {
        teleport: { proxy_server: facts.proxyAddress },
        discovery_service: { aws: [organizationMatcher(facts)] },
        muster: { redis: { url: `redis://127.0.0.1:${system.redis().port}` } },
      }),
      over,
    ),
  );
}

const contents = (config = configMap()): Contents => ({
  'muster-config': { 'muster.yaml': config },
  'muster-redis': { password: REDIS_PASSWORD },
  'muster-marker-key': { 'marker.key': TEST_MARKER_KEY },
});

/** What tbot writes beside a worker, and where `tctl` is told to look for it. */
function withIdentity(): ConfigPart {
  const identity = join(system.folder, 'identity');
  writeFileSync(identity, 'of the bot muster-inventory');
  return { muster: { inventory: { args: [`--identity=${identity}`] } } };
}

beforeAll(async () => {
  system = await startSystem({
    schedulers: 0,
    workers: 0,
    world: { accounts: 3, regions: 2, instances: 30 },
  });
  agent = await startPodIdentityAgent(system.aws.world.access);
  tokenService = await startTokenService(system.aws.world.access, system.aws.url);
  const cluster = {
    ...baseEnvironment(),
    // The API server's own Service is in every pod's environment, whatever `enableServiceLinks` says.
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_PORT: 'tcp://10.96.0.1:443',
    PATH: pathOf(system.folder, { tctl: system.facts.tctl }),
    MUSTER_SPEED: '40',
    AWS_ENDPOINT_URL: system.aws.url,
    TELEPORT_SIM_URL: system.teleport.url,
  };
  // As the webhooks of EKS add them to pods of the workers' service account.
  const podIdentity = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: agent.url,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile('pod-identity-token', agent.token),
  };
  const irsa = {
    AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/teleport-discovery',
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile('irsa-token', tokenService.token),
    AWS_STS_REGIONAL_ENDPOINTS: 'regional',
    AWS_ENDPOINT_URL_STS: tokenService.url,
  };
  const start = (name: string, part: 'scheduler' | 'worker', identity: NodeJS.ProcessEnv = {}) =>
    startPod({
      name,
      part,
      folder: system.folder,
      contents: contents(),
      cluster: { ...cluster, ...identity },
    });
  pods = {
    schedulers: [await start('scheduler-a', 'scheduler'), await start('scheduler-b', 'scheduler')],
    workers: [await start('worker-a', 'worker', podIdentity), await start('worker-b', 'worker', irsa)],
  };
});

afterAll(async () => {
  for (const { process } of all()) process.signal('SIGKILL');
  await Promise.all(all().map(({ process }) => process.ended));
  agent.close();
  tokenService.close();
  await system.close();
});

function tokenFile(name: string, token: string): string {
  const file = join(system.folder, name);
  writeFileSync(file, token);
  return file;
}

function all(): readonly PodOnHost[] {
  return [...pods.schedulers, ...pods.workers];
}

function anyScheduler(): PodOnHost {
  const [pod] = pods.schedulers;
  if (pod === undefined) throw new Error('no scheduler was started');
  return pod;
}

test('every probe of every pod is answered at the address of the pod', async () => {
  for (const pod of all()) {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      const status = await eventually(`${pod.process.name}: ${probe}`, async () => {
        const answered = await pod.probe(probe);
        return answered === 200 ? answered : null;
      });
      expect(status).toBe(200);
    }
  }
});

test('a visitor from another pod sees nothing; a link made in the pod signs in by port-forward', async () => {
  const { url, forwardedUrl, exec } = anyScheduler();
  expect((await fetch(`${url}/api/v1/overview`)).status).toBe(401);
  expect((await fetch(`${forwardedUrl}/api/v1/overview`)).status).toBe(401);

  const login = await exec('console', 'login');
  const link = login.stdout.trim();
  expect(login).toMatchObject({ code: 0 });
  expect(link.startsWith(`${forwardedUrl}/auth/link/`)).toBe(true);
  const signedIn = await fetch(link, {
    method: 'POST',
    headers: { origin: forwardedUrl },
    redirect: 'manual',
  });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');

  expect(signedIn.status).toBe(303);
  expect((await fetch(`${forwardedUrl}/api/v1/overview`, { headers: { cookie } })).status).toBe(200);
});

test('Prometheus reads the schedulers with an API token, with what KEDA asks for, and the workers with none', async () => {
  const made = await anyScheduler().exec('api-token', 'create', 'prometheus');
  const authorization = `Bearer ${made.stdout.trim()}`;
  const scaler = readFileSync(join(BASE, '../components/keda/scaled-object.yaml'), 'utf8');
  const [, metric = '', kinds = ''] = /query: max\((\w+)\{kind=~"([\w|]+)"\}\)/.exec(scaler) ?? [];
  expect([metric, kinds]).toEqual(['muster_due_lag_seconds', 'scan|install']);

  for (const { url } of pods.schedulers) {
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    const answer = await fetch(`${url}/metrics`, { headers: { authorization } });
    expect(answer.status).toBe(200);
    const text = await answer.text();
    // KEDA takes what is not there for a fault at best: each series that it asks for is told, from the start on.
    for (const kind of kinds.split('|')) {
      expect(text).toMatch(new RegExp(`^${metric}\\{kind="${kind}".*\\} \\d+$`, 'm'));
    }
  }
  for (const { url } of pods.workers) {
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('muster_jobs_running');
  }
});

test('without an identity for tctl pods read and send nothing; with one, every host joins by the workers’ role', async () => {
  const { exec } = anyScheduler();
  await eventually('all is read', async () =>
    (await exec('status', '--json')).stdout.includes('"queued":30'),
  );
  expect(await exec('resume', '--all', '--yes')).toMatchObject({ code: 0 });
  await eventually('the inventory is missing', async () =>
    (await exec('findings')).stdout.includes('inventory-unavailable'),
  );
  expect(system.report().commands.sent).toBe(0);

  for (const pod of all()) pod.remount(contents(configMap(withIdentity())));

  await eventually('all have joined', () => system.report().joined === 30, 120_000);
  expect(system.report().installs).toMatchObject({ whileLive: 0, afterJoined: 0 });
  expect(agent.asked()).toBeGreaterThan(0);
  expect(tokenService.asked()).toBeGreaterThan(0);
});

test('a changed ConfigMap reaches running pods, and one with a fault changes nothing', async () => {
  const made = await anyScheduler().exec('api-token', 'create', 'reader');
  const headers = { authorization: `Bearer ${made.stdout.trim()}` };
  const validOf = async ({ url }: PodOnHost, value: 0 | 1): Promise<boolean> =>
    new RegExp(`^muster_config_valid\\{.*\\} ${value}$`, 'm').test(
      await (await fetch(`${url}/metrics`, { headers })).text(),
    );

  const change = (muster: ConfigPart): void => {
    for (const pod of all()) pod.remount(contents(configMap(mergeParts(withIdentity(), { muster }))));
  };

  change({ pause: true });
  for (const pod of all()) {
    await eventually(`${pod.process.name} has refused it`, () => validOf(pod, 0));
    expect(pod.process.isRunning()).toBe(true);
  }

  change({ paused: true });
  for (const pod of all()) await eventually(`${pod.process.name} has taken it up`, () => validOf(pod, 1));
});

test('with the variables of Kubernetes’ service links no pod of Muster would start', async () => {
  const pod = await startPod({
    name: 'with-links',
    part: 'worker',
    folder: system.folder,
    contents: contents(),
    cluster: { ...baseEnvironment(), MUSTER_SCHEDULER_PORT_8080_TCP: 'tcp://10.96.7.7:8080' },
  });

  expect(await pod.process.ended).toEqual({ code: 78, signal: null });
  expect(pod.process.log()).toContain('MUSTER_SCHEDULER_PORT_8080_TCP');
});

test('a pod that is ended ends in order, within its grace period', async () => {
  const before = performance.now();
  for (const { process } of all()) process.signal('SIGTERM');

  const ends = await Promise.all(all().map(({ process }) => process.ended));

  expect(ends.map(({ code }) => code)).toEqual(all().map(() => 0));
  expect(performance.now() - before).toBeLessThan(Math.min(...all().map(({ graceMs }) => graceMs)));
});
