/** The dashboards and alert rules of `deploy/monitoring`, asked of a real Prometheus that scrapes the demo: no panel is without data. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from '@muster/testing/eventually';
import { freePort, type RedisServer, startRedis } from '@muster/testing/redis-server';
import {
  baseEnvironment,
  type SupervisedProcess,
  superviseProcess,
} from '@muster/testing/supervised-process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const MONITORING = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));
const DEMO = fileURLToPath(new URL('../../apps/demo/src/main.ts', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
/** Metrics of what the demo has not: a console that serves TLS. */
const NOT_IN_DEMO = ['muster_certificate_expires_timestamp_seconds'];

interface Dashboard {
  readonly title: string;
  readonly panels: readonly {
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
  }[];
}

interface RuleGroups {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert?: string; readonly for?: string }[];
  }[];
}

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

const dashboards = globSync('grafana/dashboards/*.json', { cwd: MONITORING }).map(
  (file) => JSON.parse(readFileSync(join(MONITORING, file), 'utf8')) as Dashboard,
);
const queries = dashboards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ panel: `${title} / ${panel.title}`, expr: filledIn(expr) })),
  ),
);

/** What Grafana puts in place of its variables. */
function filledIn(expr: string): string {
  return expr.replaceAll('$__rate_interval', '20s').replaceAll('$installation', '.*');
}

const isThere = spawnSync('prometheus', ['--version']).error === undefined;

describe.skipIf(!isThere)('with a Prometheus (apt-get install prometheus)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'muster-test-'));
  const startedAt = Date.now() / 1_000;
  let redis: RedisServer;
  let demo: SupervisedProcess;
  let prometheus: ChildProcess;
  let url = '';
  /** Of the demo, with its configuration. */
  let demoFolder = '';

  beforeAll(async () => {
    redis = await startRedis();
    const size = [
      '--accounts',
      '12',
      '--regions',
      '3',
      '--instances',
      '240',
      '--seed',
      '7',
      '--workers',
      '2',
    ];
    demo = superviseProcess({
      name: 'demo',
      entry: DEMO,
      args: [...size, '--port', '0'],
      env: { ...baseEnvironment(), REDIS_URL: redis.url },
      logFile: join(folder, 'demo.log'),
    });
    const said = (form: RegExp, text: string): string | null => form.exec(text)?.[1] ?? null;
    demoFolder = dirname(
      await eventually('the demo names its log', () => said(/^Logs +(\S+)$/m, demo.log())),
    );
    const consoleUrl = said(/^Console +(\S+?)\/ /m, demo.log()) ?? '';
    const workers = await eventually('both workers serve metrics', () => {
      const urls = [
        ...readFileSync(join(demoFolder, 'muster.log'), 'utf8').matchAll(
          /"url":"([^"]+)","msg":"worker started"/g,
        ),
      ];
      return urls.length === 2 ? urls.map(([, at = '']) => at) : null;
    });
    url = `http://127.0.0.1:${await freePort()}`;
    prometheus = startPrometheus(folder, url, [consoleUrl], workers);
    await eventually('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok);
  });

  afterAll(async () => {
    demo.signal('SIGTERM');
    await demo.ended;
    prometheus.kill('SIGKILL');
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  /** What a panel would draw from the start of the test until now. */
  async function ask(expr: string): Promise<readonly Series[]> {
    const query = new URLSearchParams({
      query: expr,
      start: String(startedAt),
      end: String(Date.now() / 1_000),
      step: '2',
    });
    const answer = (await (await fetch(`${url}/api/v1/query_range?${query.toString()}`)).json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data?: { readonly result: readonly Series[] };
    };
    if (answer.data === undefined) throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result;
  }

  async function isEmpty(expr: string): Promise<boolean> {
    const series = await ask(expr);
    return !series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
  }

  test('no panel is without data', async () => {
    expect(queries.length).toBeGreaterThan(50);
    let empty = queries;
    await eventually(
      'every panel has data',
      async () => {
        const isNothing = await Promise.all(queries.map(({ expr }) => isEmpty(expr)));
        empty = queries.filter((_, index) => isNothing[index]);
        return empty.length === 0;
      },
      120_000,
    ).catch(() => undefined);

    expect(empty).toEqual([]);
  });

  test('the variable of the dashboards has a value', async () => {
    const answer = await fetch(`${url}/api/v1/label/installation/values?match[]=muster_ledger_up`);

    expect(await answer.json()).toMatchObject({ data: ['demo'] });
  });

  test('every metric of docs/metrics.md is there', async () => {
    const page = readFileSync(`${DOCS}metrics.md`, 'utf8');
    const documented = [...page.matchAll(/^\| `(muster_[a-z_]+)` \|/gm)].map(([, name = '']) => name);
    const { data } = (await (await fetch(`${url}/api/v1/label/__name__/values`)).json()) as {
      readonly data: readonly string[];
    };
    const scraped = new Set(data.map((name) => name.replace(/_(bucket|count|sum)$/, '')));

    expect(documented.length).toBeGreaterThan(20);
    expect(documented.filter((name) => !scraped.has(name))).toEqual(NOT_IN_DEMO);
  });

  test('Prometheus can work out every rule, and an alert fires when the configuration becomes invalid', async () => {
    appendFileSync(join(demoFolder, 'muster.yaml'), '\nnot_a_key: 1\n');

    const alert = await eventually(
      'the alert fires',
      async () => {
        const { data } = (await (await fetch(`${url}/api/v1/alerts`)).json()) as {
          readonly data: {
            readonly alerts: readonly { readonly state: string; readonly labels: Record<string, string> }[];
          };
        };
        return data.alerts.find(
          ({ state, labels }) => labels['alertname'] === 'MusterConfigInvalid' && state === 'firing',
        );
      },
      60_000,
    );

    expect(alert.labels).toMatchObject({
      installation: 'demo',
      severity: 'warn',
      process: expect.stringMatching(/^(worker|scheduler)$/) as string,
    });
    const { data } = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
      readonly data: {
        readonly groups: readonly {
          readonly rules: readonly {
            readonly name: string;
            readonly health: string;
            readonly lastError?: string;
          }[];
        }[];
      };
    };
    const faulty = data.groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== 'ok');
    expect(faulty).toEqual([]);
  });
});

/** It scrapes each second, and fires alerts as soon as their expression holds: the times of the rules are tested by promtool. */
function startPrometheus(
  folder: string,
  url: string,
  schedulers: readonly string[],
  workers: readonly string[],
): ChildProcess {
  const { groups } = parse(readFileSync(join(MONITORING, 'alerts.yml'), 'utf8')) as RuleGroups;
  const impatient = groups.map((group) => ({
    ...group,
    rules: group.rules.map((rule) => (rule.alert === undefined ? rule : { ...rule, for: '0s' })),
  }));
  writeFileSync(join(folder, 'alerts.json'), JSON.stringify({ groups: impatient }));
  const jobOf = (name: string, urls: readonly string[]): object => ({
    job_name: name,
    static_configs: [{ targets: urls.map((one) => new URL(one).host), labels: { installation: 'demo' } }],
  });
  const settings = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [join(folder, 'alerts.json')],
    scrape_configs: [jobOf('muster-scheduler', schedulers), jobOf('muster-worker', workers)],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(settings));
  return spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
}
