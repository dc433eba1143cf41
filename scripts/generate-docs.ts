/**
 * Writes the pages of docs/ that are generated from code, and the alert rules as Kubernetes takes them. test/repo/generated-docs.test.ts
 * fails when one is not current.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MEASURED, withCapacityTables } from '../bench/capacity-page.ts';
import { readResults } from '../bench/results.ts';
import { apiPage } from './docs/api-page.ts';
import { causesPage } from './docs/causes-page.ts';
import { statesPage } from './docs/states-page.ts';
import { prometheusRule } from './kubernetes/prometheus-rule.ts';

const PAGES = { 'states.md': statesPage, 'causes.md': causesPage, 'api.md': apiPage };

for (const [name, page] of Object.entries(PAGES)) {
  await writeFile(new URL(`../docs/${name}`, import.meta.url), page());
}

const capacity = new URL('../docs/capacity.md', import.meta.url);
const results = readResults(fileURLToPath(new URL('../bench/results/', import.meta.url)), MEASURED);
await writeFile(capacity, withCapacityTables(await readFile(capacity, 'utf8'), results));

const deploy = new URL('../deploy/', import.meta.url);
const alerts = await readFile(new URL('monitoring/alerts.yml', deploy), 'utf8');
await writeFile(
  new URL('kubernetes/components/monitoring/prometheus-rule.yaml', deploy),
  prometheusRule(alerts),
);
