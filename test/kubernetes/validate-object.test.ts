import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptySelections, looseContainers, missingNames, openPods, waysTo } from './cross-checks.ts';
import { type KubernetesObject, nameOf, readObjects, workloadsOf } from './object.ts';
import { ROOT } from './render.ts';
import { faultsOf } from './validate-object.ts';

function read(...files: readonly string[]): readonly KubernetesObject[] {
  return files.flatMap((file) => readObjects(readFileSync(join(ROOT, 'deploy/kubernetes', file), 'utf8')));
}

/** The same objects, with one text of theirs another. */
function altered(
  objects: readonly KubernetesObject[],
  from: string,
  to: string,
): readonly KubernetesObject[] {
  const text = JSON.stringify(objects);
  expect(text).toContain(from);
  return JSON.parse(text.replace(from, to)) as readonly KubernetesObject[];
}

const base = read('base/scheduler.yaml', 'base/worker.yaml', 'base/network-policies.yaml');
const config = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'muster-config' } };
/** As the overlay adds them to every pod. */
const labels = { 'app.kubernetes.io/name': 'muster', 'app.kubernetes.io/part-of': 'muster' };
const labeled = [
  ...(JSON.parse(
    JSON.stringify(base).replaceAll(
      '"labels":{"app.kubernetes.io/component"',
      `"labels":{${JSON.stringify(labels).slice(1, -1)},"app.kubernetes.io/component"`,
    ),
  ) as readonly KubernetesObject[]),
  config,
];

test('the sources are right by the schemas, also where no kubectl can render them', () => {
  const components = read(
    'components/hpa/autoscaler.yaml',
    'components/ingress/ingress.yaml',
    'components/keda/scaled-object.yaml',
    'components/monitoring/monitors.yaml',
    'components/monitoring/network-policy.yaml',
    'components/monitoring/prometheus-rule.yaml',
    'components/pod-identity/network-policy.yaml',
    'components/redis-in-cluster/network-policy.yaml',
    'components/scheduler-egress/network-policy.yaml',
    'components/traces/network-policy.yaml',
  );

  expect(base).toHaveLength(12);
  expect(components.length).toBeGreaterThan(10);
  expect([...base, ...components].flatMap(faultsOf)).toEqual([]);
});

test.each([
  ['of an object', '"spec":{"replicas"', '"spec":{"replica"', /replica\b/],
  ['of a pod', '"enableServiceLinks"', '"enableServiceLink"', /\.enableServiceLink\b/],
  ['of a container', '"readinessProbe"', '"readynessProbe"', /\.readynessProbe\b/],
  ['of a probe', '"httpGet"', '"httpget"', /\.httpget\b/],
  ['of a security context', '"runAsNonRoot"', '"runAsNonroot"', /\.runAsNonroot\b/],
  ['of a volume', '"optional":true', '"optionally":true', /\.optionally\b/],
  ['of a policy', '"except":', '"excepts":', /\.excepts\b/],
  ['of a budget', '"minAvailable"', '"minAvailible"', /\.minAvailible\b/],
])('a misspelled field %s is found', (_, from, to, path) => {
  const faults = altered(base, from, to).flatMap(faultsOf);

  expect(faults.join('\n')).toMatch(path);
});

test.each([
  ['a number that is a text', '"replicas":2', '"replicas":"two"'],
  ['a missing selector', '"selector":{"matchLabels"', '"labels":{"matchLabels"'],
  ['a version that is no such kind’s', '"apps/v1"', '"apps/v2"'],
  ['a probe without a port', '"path":"/readyz","port":"console"', '"path":"/readyz"'],
])('%s is found', (_, from, to) => {
  expect(altered(base, from, to).flatMap(faultsOf)).not.toEqual([]);
});

test.each([
  [
    'a service account',
    missingNames,
    '"serviceAccountName":"muster-worker"',
    '"serviceAccountName":"worker"',
  ],
  ['a ConfigMap', missingNames, '"configMap":{"name":"muster-config"', '"configMap":{"name":"config"'],
  ['a Secret', missingNames, '"secret":{"name":"muster-redis"', '"secret":{"name":"redis"'],
  ['a volume', missingNames, '{"name":"tmp","mountPath"', '{"name":"temp","mountPath"'],
  [
    'a selector',
    emptySelections,
    '"selector":{"app.kubernetes.io/name":"muster"',
    '"selector":{"app":"muster"',
  ],
  ['the port of a service', emptySelections, '"targetPort":"console"', '"targetPort":"http"'],
  [
    'the port of a probe',
    emptySelections,
    '"path":"/readyz","port":"metrics"',
    '"path":"/readyz","port":"health"',
  ],
  [
    'the pods of a budget',
    emptySelections,
    '"app.kubernetes.io/component":"worker"}}}',
    '"component":"worker"}}}',
  ],
  ['a capability', looseContainers, '"drop":["ALL"]', '"drop":["NET_RAW"]'],
  ['a writable root', looseContainers, '"readOnlyRootFilesystem":true', '"readOnlyRootFilesystem":false'],
  ['root', looseContainers, '"runAsUser":1000', '"runAsUser":0'],
  ['service links', looseContainers, '"enableServiceLinks":false', '"enableServiceLinks":true'],
  ['a pod without a policy', openPods, '"policyTypes":["Ingress","Egress"]', '"policyTypes":["Egress"]'],
])('what %s lacks or has too much is found', (_, check, from, to) => {
  const pinned = altered(labeled, '"image":"muster"', '"image":"muster:0.1.0"');
  const objects = altered(pinned, '"image":"muster"', '"image":"muster:0.1.0"');

  expect(check(objects)).toEqual([]);
  expect(check(altered(objects, from, to))).not.toEqual([]);
});

test('a way to the metadata of a node is found, in both families', () => {
  const worker = workloadsOf(labeled).find(({ object }) => nameOf(object) === 'Deployment muster-worker');
  const open = altered(labeled, '"cidr":"0.0.0.0/0","except":["169.254.0.0/16"]', '"cidr":"0.0.0.0/0"');
  const open6 = altered(labeled, '"except":["fe80::/10","fd00:ec2::/32"]', '"except":["fe80::/10"]');

  expect(waysTo('169.254.169.254', worker?.labels ?? {}, labeled)).toEqual([]);
  expect(waysTo('169.254.169.254', worker?.labels ?? {}, open)).toEqual(['muster-redis-outside']);
  expect(waysTo('fd00:ec2::254', worker?.labels ?? {}, open6)).toEqual(['muster-redis-outside']);
});
