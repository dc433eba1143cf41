import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { billOfMaterials, bundledPackages, licenseOf } from './bill-of-materials.ts';
import { isPermissive } from './permissive.ts';

const bill = await billOfMaterials();
const names = bill.components.map(({ purl }) => decodeURIComponent(purl.replace(/^pkg:npm\//, '')));

test('the bill of materials names the product with its release, and each part once', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };

  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { name: 'muster', version } },
  });
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(150);
});

describe('in it are', () => {
  test.each([/^bullmq@/, /^@aws-sdk\/client-ssm@/, /^node-linux-(x64|arm64)@24\./, /^@muster\/core@/])(
    'what the processes load: %s',
    (name) => {
      expect(names.filter((one) => name.test(one))).toHaveLength(1);
    },
  );

  test.each([/^react-dom@/, /^uplot@/])('what is bundled into the page: %s', (name) => {
    expect(names.filter((one) => name.test(one))).toHaveLength(1);
  });
});

test.each([/^vitest@/, /^vite@/, /^playwright-core@/, /-sim@/, /testing@/, /^typescript@/])(
  'not in it is what only builds and tests: %s',
  (name) => {
    expect(names.filter((one) => name.test(one))).toEqual([]);
  },
);

test('every part is under a license that asks nothing of the product', () => {
  const refused = bill.components
    .map((one) => `${one.purl}: ${licenseOf(one)}`)
    .filter((line) => !isPermissive(line.slice(line.indexOf(': ') + 2)));

  expect(refused).toEqual([]);
});

test('the page brings the licenses of all that is bundled into it', async () => {
  const bundled = await bundledPackages();

  expect(bundled.length).toBeGreaterThan(20);
  expect(bundled.filter(({ license }) => !isPermissive(license))).toEqual([]);
});
