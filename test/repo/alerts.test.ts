/** The alert rules and the scrape configuration of `deploy/monitoring`, held to the metrics, to the runbook and to promtool. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SEVERITIES } from '@muster/core/control/severity';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const MONITORING = fileURLToPath(new URL('../../deploy/monitoring/', import.meta.url));
const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const { groups } = parse(readFileSync(`${MONITORING}alerts.yml`, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const names = alerts.map(({ alert = '' }) => alert);

/** Of the page, and those that every process of Node has. */
function documentedMetrics(): ReadonlySet<string> {
  const page = readFileSync(`${DOCS}metrics.md`, 'utf8');
  return new Set([...page.matchAll(/^\| `(muster_[a-z_]+)` \|/gm)].map(([, name = '']) => name));
}

/** Names of Muster's metrics in an expression, without what a histogram adds to its name. */
function metricsIn(text: string): readonly string[] {
  return [...text.matchAll(/\bmuster_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|count|sum)$/, ''));
}

test('every alert says how urgent it is, what it means, and where the runbook tells of it', () => {
  expect(names.length).toBeGreaterThan(20);
  expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
  for (const { alert = '', labels, annotations } of alerts) {
    expect(alert).toMatch(/^Muster[A-Z]\w+$/);
    expect([alert, SEVERITIES.filter((one) => one !== 'info')]).toEqual([
      alert,
      expect.arrayContaining([labels?.['severity']]),
    ]);
    expect([
      alert,
      annotations?.['summary']?.endsWith('.'),
      (annotations?.['description'] ?? '').length > 20,
    ]).toEqual([alert, true, true]);
    expect(annotations?.['runbook_url']).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  }
});

test('the runbook has a section for every alert, and for no other', () => {
  const [, part = ''] = readFileSync(`${DOCS}runbook.md`, 'utf8').split('\n## Alerts\n');
  const [section = ''] = part.split('\n## ');

  const titles = [...section.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title);

  expect(titles.toSorted()).toEqual(names.toSorted());
});

test('alerts ask for metrics that there are', () => {
  const documented = documentedMetrics();
  const asked = rules.flatMap(({ expr }) => metricsIn(expr));

  expect(asked.length).toBeGreaterThan(20);
  expect(asked.filter((name) => !documented.has(name))).toEqual([]);
});

test('alerts.test.yml has a case for every alert, and one of a healthy installation', () => {
  const { tests } = parse(readFileSync(`${MONITORING}alerts.test.yml`, 'utf8')) as {
    readonly tests: readonly { readonly name: string }[];
  };

  const [healthy, ...cases] = tests.map(({ name }) => name);

  expect(healthy).toContain('healthy');
  expect(new Set(cases.map((name) => name.split(' ')[0] ?? ''))).toEqual(new Set(names));
});

describe.skipIf(spawnSync('promtool', ['--version']).error !== undefined)('by promtool', () => {
  const promtool = (...args: readonly string[]): string =>
    execFileSync('promtool', args, { cwd: MONITORING, encoding: 'utf8' });

  test('the rules are valid, each alert fires, and none fires on a healthy installation', () => {
    expect(promtool('check', 'rules', 'alerts.yml')).toContain(`${rules.length} rules found`);
    expect(promtool('test', 'rules', 'alerts.test.yml')).toContain('SUCCESS');
  });

  test('the scrape configuration is valid', () => {
    expect(promtool('check', 'config', '--syntax-only', 'prometheus.yml')).toContain('SUCCESS');
  });
});
