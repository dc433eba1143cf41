import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { parseConfig } from '@muster/core/config/parse-config';
import type { TextReading } from '@muster/core/config/source/read-text-file';
import { formatFaults } from '@muster/core/config/source/report';
import { DUE_KINDS } from '@muster/core/jobs/catalog';
import { describe, expect, test } from 'vitest';
import { emptySelections, looseContainers, missingNames, openPods, waysTo } from './cross-checks.ts';
import { type KubernetesObject, nameOf, workloadsOf } from './object.ts';
import { isInstalled, renderKustomize, ROOT } from './render.ts';
import { faultsOf } from './validate-object.ts';

const OVERLAYS = readdirSync(join(ROOT, 'deploy/kubernetes/overlays'));
/** Credentials of nodes: AWS's metadata service in both families, Azure's and Google's (the same), Alibaba's, ECS's. */
const METADATA = ['169.254.169.254', 'fd00:ec2::254', '169.254.170.2', 'fe80::1'];
/** After muster.worker.shutdown a process may take this long to close what it has open. */
const STOP_GRACE_MS = 10_000;

/** The files that the Secrets of an installation hold, beside muster.yaml. */
const FILES: Readonly<Record<string, string>> = {
  'redis-password': 'password-of-redis',
  'marker.key': '0123456789abcdef'.repeat(4),
  users: '',
  'redis-ca': rootCertificates[0] ?? '',
  'oidc-secret': 'secret-of-single-sign-on',
  'slack-url': 'https://hooks.slack.com/services/T0/B0/secret',
};
function readMounted(path: string): TextReading {
  const text = FILES[path];
  return text === undefined
    ? { ok: false, code: 'ENOENT', line: 0, problem: 'is in no Secret' }
    : { ok: true, text };
}

const rendered = new Map<string, readonly KubernetesObject[]>();
function render(folder: string): readonly KubernetesObject[] {
  const objects = rendered.get(folder) ?? renderKustomize(folder);
  rendered.set(folder, objects);
  return objects;
}

function find(objects: readonly KubernetesObject[], name: string): KubernetesObject {
  const found = objects.find((object) => nameOf(object) === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

test('there are at least five overlays', () => {
  expect(OVERLAYS.length).toBeGreaterThanOrEqual(5);
});

describe.skipIf(!isInstalled('kubectl'))(
  'rendered by kubectl kustomize (skipped where kubectl is not installed)',
  () => {
    describe.each(['base', ...OVERLAYS.map((name) => `overlays/${name}`)])('%s', (folder) => {
      test('is right by the schemas, without an unknown field, and no name stands twice', () => {
        const objects = render(folder);

        expect(objects.length).toBeGreaterThan(10);
        expect(objects.flatMap(faultsOf)).toEqual([]);
        const names = objects.map(nameOf);
        expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
      });

      test('every name, selector and port that is used is there', () => {
        expect(missingNames(render(folder))).toEqual([]);
        expect(emptySelections(render(folder))).toEqual([]);
      });

      test('every container is restricted, its image pinned, its memory bounded', () => {
        expect(looseContainers(render(folder))).toEqual([]);
      });

      test('policies close every pod, and none leads to the credentials of a node', () => {
        const objects = render(folder);
        const ways = workloadsOf(objects).flatMap(({ labels }) =>
          METADATA.flatMap((address) => waysTo(address, labels, objects)),
        );

        expect(openPods(objects)).toEqual([]);
        expect(ways).toEqual([]);
        const worker = workloadsOf(objects).find(({ object }) => object.metadata.name === 'muster-worker');
        expect(waysTo('203.0.113.7', worker?.labels ?? {}, objects)).toContain('muster-worker-outside');
      });

      test('the scheduler has no identity at AWS', () => {
        const objects = render(folder);
        const scheduler = workloadsOf(objects).find(
          ({ object }) => object.metadata.name === 'muster-scheduler',
        );
        const names = scheduler?.pod.containers.flatMap(({ env = [] }) => env).map(({ name }) => name) ?? [];

        expect(names).toContain('MUSTER_CONFIG');
        expect(names.filter((name) => name.startsWith('AWS_'))).toEqual([]);
        expect(find(objects, 'ServiceAccount muster-scheduler').metadata.annotations).toBeUndefined();
        expect(waysTo('169.254.170.23', scheduler?.labels ?? {}, objects)).toEqual([]);
      });

      test('its configuration is valid, by files that both processes have, and its pods have the time to end', () => {
        const objects = render(folder);
        const text = find(objects, 'ConfigMap muster-config').data?.['muster.yaml'] ?? '';
        const parsed = parseConfig(text, { file: 'muster.yaml', env: {}, readFile: readMounted });
        const muster = workloadsOf(objects).filter(({ object }) => object.metadata.name !== 'muster-redis');
        const files = muster.map(({ pod }) => pod.volumes.find(({ name }) => name === 'etc-muster'));

        expect(parsed.ok ? '' : formatFaults(parsed.faults)).toBe('');
        expect(files).toHaveLength(2);
        expect(files[0]).toEqual(files[1]);
        for (const { pod } of muster) {
          const shutdownMs = parsed.ok ? parsed.config.worker.shutdownMs : 0;
          expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThanOrEqual(
            shutdownMs + STOP_GRACE_MS,
          );
        }
      });

      test('what scales workers is the only one that says how many there are', () => {
        const objects = render(folder);
        const scalers = objects.filter(
          ({ kind }) => kind === 'ScaledObject' || kind === 'HorizontalPodAutoscaler',
        );
        const { replicas } = find(objects, 'Deployment muster-worker').spec as { readonly replicas?: number };

        expect(scalers.length + (replicas === undefined ? 0 : 1)).toBe(1);
        expect(find(objects, 'Deployment muster-scheduler').spec).toMatchObject({ replicas: 2 });
      });
    });

    test('KEDA asks for a metric that there is, of kinds that there are, and a missing one is no zero', () => {
      const { spec } = find(render('overlays/irsa-keda'), 'ScaledObject muster-worker');
      const { triggers } = spec as {
        readonly triggers: readonly { readonly metadata: Readonly<Record<string, string>> }[];
      };
      const metrics = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');

      expect(triggers).toHaveLength(1);
      const { query = '', ignoreNullValues, threshold } = triggers[0]?.metadata ?? {};
      const [, metric = '', kinds = ''] = /^max\((\w+)\{kind=~"([\w|]+)"\}\)$/.exec(query) ?? [];
      expect(metrics).toContain(`| \`${metric}\` | \`kind\` |`);
      expect(kinds.split('|').filter((kind) => !(DUE_KINDS as readonly string[]).includes(kind))).toEqual([]);
      expect(Number(threshold)).toBeGreaterThan(0);
      expect(ignoreNullValues).toBe('false');
    });

    test('a Redis in the cluster is the one that the configuration names', () => {
      for (const folder of ['overlays/try-out', 'overlays/pod-identity-hpa']) {
        const objects = render(folder);
        const text = find(objects, 'ConfigMap muster-config').data?.['muster.yaml'] ?? '';

        expect(find(objects, 'Service muster-redis').spec).toMatchObject({ ports: [{ port: 6379 }] });
        expect(text).toContain('redis://muster-redis:6379');
      }
    });

    test('tbot writes the identity where tctl is told to look for it', () => {
      for (const folder of [
        'overlays/irsa',
        'overlays/pod-identity',
        'overlays/irsa-keda',
        'overlays/pod-identity-hpa',
      ]) {
        const objects = render(folder);
        const tbot = find(objects, 'ConfigMap muster-tbot').data?.['tbot.yaml'] ?? '';
        const muster = find(objects, 'ConfigMap muster-config').data?.['muster.yaml'] ?? '';
        const [, proxy = ''] = /^proxy_server: (\S+)$/m.exec(tbot) ?? [];
        const [, path = ''] = /^ +path: (\S+)$/m.exec(tbot) ?? [];

        expect(muster).toContain(`--identity=${path}/identity`);
        expect(muster).toContain(`--auth-server=${proxy}"`);
      }
    });
  },
);
