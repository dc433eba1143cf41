/** docs/security.md names code and tests as its witnesses: each is there. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

test('every file that docs/security.md names exists, and it names many', () => {
  const page = readFileSync(new URL('docs/security.md', root), 'utf8');
  const named = [...page.matchAll(/`((?:apps|packages|test)\/[\w./-]+\.(?:ts|lua))`/g)].map(
    ([, path]) => path ?? '',
  );

  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((path) => !existsSync(new URL(path, root)))).toEqual([]);
});
