import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type KubernetesObject, readObjects } from './object.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CHART = 'deploy/helm/muster';

/** Whether a program is on this machine. CI has neither; Muster's own image and docs name both. */
export function isInstalled(program: 'kubectl' | 'helm'): boolean {
  return spawnSync(program, program === 'helm' ? ['version'] : ['version', '--client']).status === 0;
}

/** What `kubectl apply -k` would send. @param folder below deploy/kubernetes */
export function renderKustomize(folder: string): readonly KubernetesObject[] {
  return readObjects(run('kubectl', ['kustomize', `deploy/kubernetes/${folder}`]));
}

/** The base with one component of deploy/kubernetes/components. */
export function renderComponent(component: string): readonly KubernetesObject[] {
  const folder = mkdtempSync(join(tmpdir(), 'muster-kustomize-'));
  // Kustomize takes folders by relative paths alone.
  const above = relative(folder, join(ROOT, 'deploy/kubernetes'));
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    `resources: [${above}/base]\ncomponents: [${above}/components/${component}]\n`,
  );
  try {
    return readObjects(run('kubectl', ['kustomize', folder]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What `helm install` would send. @param values such as `keda.enabled=true` */
export function renderChart(...values: readonly string[]): readonly KubernetesObject[] {
  return renderBy(values);
}

/** What `helm upgrade` would send; throws where it would refuse. @param values all of the command: those of the one before are gone */
export function renderUpgrade(...values: readonly string[]): readonly KubernetesObject[] {
  return renderBy(values, '--is-upgrade');
}

function renderBy(values: readonly string[], ...more: readonly string[]): readonly KubernetesObject[] {
  const flags = [...values.flatMap((value) => ['--set', value]), ...more];
  return readObjects(run('helm', ['template', 'muster', CHART, '--namespace', 'muster', ...flags]));
}

function run(program: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}
