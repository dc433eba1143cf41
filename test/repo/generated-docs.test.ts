import { readFile } from 'node:fs/promises';
import { Cause } from '@muster/core/enrollment/cause';
import { STATES } from '@muster/testing/enrollment-table';
import { expect, test } from 'vitest';
import { apiPage } from '../../scripts/docs/api-page.ts';
import { causesPage } from '../../scripts/docs/causes-page.ts';
import { statesPage } from '../../scripts/docs/states-page.ts';
import { prometheusRule } from '../../scripts/kubernetes/prometheus-rule.ts';

test.each([
  ['states.md', statesPage],
  ['causes.md', causesPage],
  ['api.md', apiPage],
])('docs/%s is current (else run: node scripts/generate-docs.ts)', async (name, page) => {
  const stored = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

  expect(stored).toBe(page());
});

test('the alert rules of Kubernetes are those of Prometheus (else run: node scripts/generate-docs.ts)', async () => {
  const deploy = new URL('../../deploy/', import.meta.url);
  const alerts = await readFile(new URL('monitoring/alerts.yml', deploy), 'utf8');
  const stored = await readFile(
    new URL('kubernetes/components/monitoring/prometheus-rule.yaml', deploy),
    'utf8',
  );

  expect(stored).toBe(prometheusRule(alerts));
});

test('every state and every cause is on its page', () => {
  const [states, causes] = [statesPage(), causesPage()];

  expect(STATES.filter((state) => !states.includes(`- **${state}** — `))).toEqual([]);
  expect(Cause.options.filter((cause) => !causes.includes(`| \`${cause}\` |`))).toEqual([]);
});

test('the diagram draws the whole way to joined', () => {
  const page = statesPage();

  for (const step of [
    '[*] --> discovered',
    'discovered --> queued',
    'queued --> sending',
    'sending --> installing',
    'installing --> installed',
    'installed --> joined',
    'failed --> sending',
  ]) {
    expect(page).toContain(`    ${step}: `);
  }
});
