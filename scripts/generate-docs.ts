/** Writes the pages of docs/ that are generated from code. test/repo/generated-docs.test.ts fails when one is not current. */
import { writeFile } from 'node:fs/promises';
import { apiPage } from './docs/api-page.ts';
import { causesPage } from './docs/causes-page.ts';
import { statesPage } from './docs/states-page.ts';

const PAGES = { 'states.md': statesPage, 'causes.md': causesPage, 'api.md': apiPage };

for (const [name, page] of Object.entries(PAGES)) {
  await writeFile(new URL(`../docs/${name}`, import.meta.url), page());
}
