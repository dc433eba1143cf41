import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type KubernetesObject, nameOf, readObjects, workloadsOf } from './object.ts';
import { isInstalled, renderChart, renderComponent, renderKustomize, renderUpgrade, ROOT } from './render.ts';
import { faultsOf } from './validate-object.ts';

const CHART = join(ROOT, 'deploy/helm/muster');
/** Each switch of the chart, and the component of Kustomize that it stands for. */
const SWITCHES = {
  irsa: 'irsa',
  podIdentity: 'pod-identity',
  tbotSidecar: 'tbot-sidecar',
  redisInCluster: 'redis-in-cluster',
  monitoring: 'monitoring',
  traces: 'traces',
  keda: 'keda',
  hpa: 'hpa',
  ingress: 'ingress',
  'scheduler.egress': 'scheduler-egress',
} as const;

function readChart(file: string): string {
  return readFileSync(join(CHART, file), 'utf8');
}

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface ValuesSchema extends Schema {
  readonly definitions: Readonly<Record<string, Schema>>;
}

const schema = JSON.parse(readChart('values.schema.json')) as ValuesSchema;
const values = parse(readChart('values.yaml')) as Readonly<Record<string, unknown>>;

function resolved(one: Schema): Schema {
  return one.$ref === undefined ? one : (schema.definitions[one.$ref.replace('#/definitions/', '')] ?? {});
}

/** Paths of all that a value holds, lists and free maps as one each. */
function pathsOf(value: unknown, at: string): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [at];
  const entries = Object.entries(value);
  if (entries.length === 0) return [at];
  return entries.flatMap(([key, child]) => pathsOf(child, at === '' ? key : `${at}.${key}`));
}

const templates = readdirSync(join(CHART, 'templates'))
  .map((file) => readChart(join('templates', file)))
  .join('\n');

/** Values that templates ask for by their whole path, or below one that `with` has opened. */
function usedValues(): ReadonlySet<string> {
  const used = new Set<string>();
  for (const [, path = ''] of templates.matchAll(/\.Values\.([\w.]+)/g)) used.add(path);
  for (const [, opened = '', body = ''] of templates.matchAll(
    /\{\{- with \.Values\.(\w+) \}\}\n\s*\{\{- if \.enabled \}\}([\s\S]*?)\n\s*\{\{- end \}\}\n\s*\{\{- end \}\}/g,
  )) {
    used.add(`${opened}.enabled`);
    for (const [, path = ''] of body.matchAll(/[{ (]\.([a-z]\w*(?:\.\w+)*)/g)) used.add(`${opened}.${path}`);
  }
  return used;
}

test('the chart, the Kustomize base and the page are of this release', () => {
  const chart = parse(readChart('Chart.yaml')) as { readonly version: string; readonly appVersion: string };
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  const base = readFileSync(join(ROOT, 'deploy/kubernetes/base/kustomization.yaml'), 'utf8');

  expect(chart).toMatchObject({ version, appVersion: version });
  expect(base).toContain(`newTag: ${version}\n`);
  const page = readFileSync(join(ROOT, 'docs/deploy/kubernetes.md'), 'utf8');
  const tags = [...page.matchAll(/\bmuster:(\d[\w.-]*)/g)].map(([, tag]) => tag);
  expect(tags.length).toBeGreaterThanOrEqual(3);
  expect(tags.filter((tag) => tag !== version)).toEqual([]);
});

const isValid = new Ajv({ allErrors: true }).compile(schema);

test('the schema accepts the values as they are, and every value that it describes has a default', () => {
  const described = (at: Schema, path: string): readonly string[] => {
    const { properties } = resolved(at);
    if (properties === undefined) return [path];
    return Object.entries(properties).flatMap(([key, child]) =>
      described(child, path === '' ? key : `${path}.${key}`),
    );
  };
  const known = pathsOf(values, '');
  const isThere = (path: string): boolean => known.some((one) => one === path || one.startsWith(`${path}.`));

  expect(isValid(values) ? [] : isValid.errors).toEqual([]);
  expect(described(schema, '').filter((path) => path !== 'global' && !isThere(path))).toEqual([]);
});

test.each([
  ['a misspelled part', { kedda: { enabled: true } }],
  ['a misspelled value', { keda: { enable: true } }],
  ['a switch that is a text', { hpa: { enabled: 'true' } }],
  ['no worker', { worker: { replicas: 0 } }],
  ['a role that is no ARN', { irsa: { roleArn: 'teleport-discovery' } }],
  ['a level of the log that there is not', { logLevel: 'trace' }],
  ['a configuration that is a map', { config: { version: 'v3' } }],
])('the schema refuses %s', (_, wrong) => {
  expect(isValid({ ...values, ...wrong })).toBe(false);
});

test('templates use every value, and no other', () => {
  const known = pathsOf(values, '');
  const holds = (outer: string, inner: string): boolean => inner === outer || inner.startsWith(`${outer}.`);
  // What `with` opens is used by what stands below it.
  const used = [...usedValues()].filter((path) => path.includes('.') || !isSection(path));

  expect(used.length).toBeGreaterThan(25);
  expect(used.filter((path) => !known.some((one) => holds(path, one)))).toEqual([]);
  expect(known.filter((path) => !used.some((one) => holds(one, path)))).toEqual([]);
});

/** Whether a value is a part of the chart with a switch of its own. */
function isSection(path: string): boolean {
  const value = values[path];
  return typeof value === 'object' && value !== null && 'enabled' in value;
}

test('containers have the memory that they have in the base, and a worker has room for tctl beside it', () => {
  const inBase = (process: string): unknown =>
    workloadsOf(readObjects(readFileSync(join(ROOT, `deploy/kubernetes/base/${process}.yaml`), 'utf8')))[0]
      ?.pod.containers[0]?.resources;

  expect(values).toMatchObject({
    scheduler: { resources: inBase('scheduler') },
    worker: { resources: inBase('worker') },
  });
  // As the unit of systemd has it.
  expect(inBase('worker')).toMatchObject({ limits: { memory: '1Gi' } });
});

test('what the chart takes from elsewhere are the files of the Kustomize base and of the monitoring', () => {
  const read = (path: string): string => readFileSync(join(ROOT, 'deploy', path), 'utf8');

  expect(readChart('files/muster.yaml')).toBe(read('kubernetes/base/muster.yaml'));
  expect(readChart('files/tbot.yaml')).toBe(read('kubernetes/components/tbot-sidecar/tbot.yaml'));
  expect(readChart('files/monitoring/alerts.yml')).toBe(read('monitoring/alerts.yml'));
  const dashboards = readdirSync(join(CHART, 'files/monitoring/grafana/dashboards'));
  const listed = [...read('monitoring/kustomization.yaml').matchAll(/dashboards\/(\S+\.json)/g)].map(
    ([, name]) => name,
  );
  expect(new Set(listed)).toEqual(new Set(dashboards));
});

describe.skipIf(!isInstalled('helm') || !isInstalled('kubectl'))(
  'rendered by helm (skipped where helm or kubectl is not installed)',
  () => {
    const base = isInstalled('kubectl') ? renderKustomize('base') : [];
    const byName = (objects: readonly KubernetesObject[]): Readonly<Record<string, KubernetesObject>> =>
      Object.fromEntries(objects.map((object) => [nameOf(object), object]));

    test('with no value set it is the base', () => {
      expect(byName(renderChart())).toEqual(byName(base));
    });

    test.each(Object.entries(SWITCHES))('%s adds what the component %s adds', (name, component) => {
      const expected = renderComponent(component);

      const objects = renderChart(`${name}.enabled=true`);

      expect(byName(expected)).not.toEqual(byName(base));
      expect(byName(objects)).toEqual(byName(expected));
      expect(objects.flatMap(faultsOf)).toEqual([]);
    });

    test('two ways to set the number of workers at once are refused', () => {
      expect(() => renderChart('keda.enabled=true', 'hpa.enabled=true')).toThrow(/enable one of them/);
    });

    test('an upgrade without the configuration is refused, and never puts the example in its place', () => {
      expect(() => renderUpgrade('image.tag=0.3.0')).toThrow(/config is not given.*muster\.yaml/);
      expect(() => renderUpgrade('config=version: v3', 'tbotSidecar.enabled=true')).toThrow(
        /tbotSidecar\.config is not given/,
      );
      const objects = renderUpgrade(
        'config=version: v3',
        'tbotSidecar.enabled=true',
        'tbotSidecar.config=version: v2',
      );

      expect(byName(objects)['ConfigMap muster-config']?.data?.['muster.yaml']?.trim()).toBe('version: v3');
      expect(byName(objects)['ConfigMap muster-tbot']?.data?.['tbot.yaml']?.trim()).toBe('version: v2');
    });

    test('values reach the objects', () => {
      const objects = renderChart(
        'image.repository=registry.example.com/muster',
        'image.tag=0.2.0',
        'priorityClassName=high',
        'monitoring.enabled=true',
        'monitoring.labels.release=prometheus',
        'nodeSelector.pool=muster',
        'worker.env[0].name=HTTPS_PROXY',
        'worker.env[0].value=http://proxy:3128',
      );

      const worker = JSON.stringify(byName(objects)['Deployment muster-worker']);
      expect(worker).toContain('"image":"registry.example.com/muster:0.2.0"');
      expect(worker).toContain('"priorityClassName":"high"');
      expect(worker).toContain('{"name":"HTTPS_PROXY","value":"http://proxy:3128"}');
      expect(worker).toContain('"nodeSelector":{"pool":"muster"}');
      expect(byName(objects)['PrometheusRule muster']?.metadata.labels).toMatchObject({
        release: 'prometheus',
      });
      expect(objects.flatMap(faultsOf)).toEqual([]);
    });
  },
);
