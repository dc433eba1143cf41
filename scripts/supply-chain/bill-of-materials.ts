import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PNPM = join(ROOT, 'node_modules/.bin/pnpm');
/** Vite writes it: every package that is bundled into the console's page. */
const PAGE_LICENSES = join(ROOT, 'apps/console/dist/licenses.md');

/** What is looked at of a component; the rest goes through. */
interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly 'bom-ref': string;
  readonly licenses?: readonly {
    readonly license?: { readonly id?: string };
    readonly expression?: string;
  }[];
}

interface Dependency {
  readonly ref: string;
  readonly dependsOn?: readonly string[];
}

/** A CycloneDX document, as far as it is looked at. */
export interface Bill {
  readonly bomFormat: 'CycloneDX';
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies?: readonly Dependency[];
}

/** A package that is part of the page, by its name and version. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX. */
  readonly license: string;
}

/** The packages in the console's page. Rejects when the page was not built. */
export async function bundledPackages(): Promise<readonly BundledPackage[]> {
  const text = await readFile(PAGE_LICENSES, 'utf8');
  return [...text.matchAll(/^## (\S+) - (\S+) \(([^)\n]+)\)$/gm)].map(
    ([, name = '', version = '', license = '']) => ({ name, version, license }),
  );
}

/**
 * What the product is made of, as CycloneDX: what the processes load, what is bundled into the page, and Node. Not in it: tests,
 * simulators, build tools, and the base image with its own packages.
 */
export async function billOfMaterials(): Promise<Bill> {
  const server = await ofPart(['--prod', '--filter-prod', '@muster/cli...']);
  const page = await ofPart(['--dev', '--filter', '@muster/console']);
  const runtime = await ofPart(['--prod', '--filter', 'muster']);
  const bundled = new Set((await bundledPackages()).map(({ name, version }) => `${name}@${version}`));
  const inPage = page.components.filter((one) => bundled.has(`${fullName(one)}@${one.version}`));
  const components = unique([...server.components, ...inPage, ...runtime.components]);
  const known = new Set([server.metadata.component['bom-ref'], ...components.map((one) => one['bom-ref'])]);
  const dependencies = [server, page, runtime]
    .flatMap((bill) => bill.dependencies ?? [])
    .filter(({ ref }) => known.has(ref))
    .map((one) => ({ ...one, dependsOn: (one.dependsOn ?? []).filter((ref) => known.has(ref)) }));
  return { ...server, components, dependencies: [...mergeByRef(dependencies).values()] };
}

/** The SPDX expression of a part; empty where it names none. */
export function licenseOf({ licenses = [] }: Component): string {
  return licenses.map(({ expression, license }) => expression ?? license?.id ?? '').join(' AND ');
}

function fullName({ group, name }: Component): string {
  return group === undefined ? name : `${group}/${name}`;
}

function unique(components: readonly Component[]): Component[] {
  return [...new Map(components.map((one) => [one['bom-ref'], one])).values()];
}

function mergeByRef(dependencies: readonly Dependency[]): ReadonlyMap<string, Dependency> {
  const merged = new Map<string, Dependency>();
  for (const one of dependencies) {
    const before = merged.get(one.ref)?.dependsOn ?? [];
    merged.set(one.ref, { ...one, dependsOn: [...new Set([...before, ...(one.dependsOn ?? [])])] });
  }
  return merged;
}

async function ofPart(chosen: readonly string[]): Promise<Bill> {
  const folder = await mkdtemp(join(tmpdir(), 'muster-sbom-'));
  try {
    const out = join(folder, 'bill.json');
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--out', out];
    await promisify(execFile)(PNPM, [...args, ...chosen], { cwd: ROOT });
    return JSON.parse(await readFile(out, 'utf8')) as Bill;
  } finally {
    await rm(folder, { recursive: true });
  }
}
