import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface ComposeService {
  readonly volumes: readonly { readonly type: string; readonly source: string; readonly target: string }[];
}

interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
}

function filesOf(service: ComposeService | undefined): readonly string[] {
  return (service?.volumes ?? [])
    .filter(({ type }) => type === 'bind')
    .map(({ source, target }) => `${source} as ${target}`);
}

test('the configuration is checked beside the same files that the processes read it with', () => {
  const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
  const { services } = parse(text, { merge: true }) as ComposeFile;

  const checked = filesOf(services['config']);

  expect(checked).toContain('./marker.key as /etc/muster/marker.key');
  for (const name of ['scheduler', 'worker']) {
    expect(filesOf(services[name]).toSorted()).toEqual(checked.toSorted());
  }
});
