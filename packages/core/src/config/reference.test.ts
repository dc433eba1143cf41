import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { configJsonSchema, formatJsonSchema, mainSchema, configReference } from './reference.ts';
import { parseConfig } from './parse-config.ts';
import { readYaml } from './source/yaml-source.ts';

const ROOT = new URL('../../../../', import.meta.url);
const GOOD = new URL('fixtures/good/', import.meta.url);
const DOCUMENT = new URL('docs/configuration.md', ROOT);

// Both files are written anew by: vitest run --project unit packages/core/src/config/reference.test.ts --update

describe('docs/configuration.md', () => {
  test('holds the tables of every key and variable as the schemas have them', async () => {
    const text = readFileSync(DOCUMENT, 'utf8');
    const parts = /^(?<before>.*<!-- keys: generated -->\n).*(?<after>\n<!-- keys: end -->.*)$/s.exec(
      text,
    )?.groups;

    const expected = `${parts?.['before'] ?? 'the markers are missing'}${configReference()}${parts?.['after'] ?? ''}`;

    await expect(expected).toMatchFileSnapshot(DOCUMENT.pathname);
  });

  test('shows a configuration that works', () => {
    const example = /```yaml\n(version: .*?)```/s.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? '';

    expect(parseConfig(example, { file: 'example', env: {} })).toMatchObject({ ok: true, notes: [] });
  });

  test('says what every key is for', () => {
    const silent = configReference()
      .split('\n')
      .filter((line) => /^\| `[a-z_.]+` .*\|\s*\|$/.test(line));

    expect(silent).toEqual([]);
  });
});

describe('deploy/muster.schema.json', () => {
  test('is the schema that the configuration is read by', async () => {
    const text = `${formatJsonSchema(configJsonSchema())}\n`;

    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
    await expect(text).toMatchFileSnapshot(new URL('deploy/muster.schema.json', ROOT).pathname);
  });

  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify(mainSchema())));

  test.each(readdirSync(GOOD).filter((name) => name.endsWith('.yaml')))(
    'an editor finds nothing wrong with %s',
    (name) => {
      const source = readYaml(readFileSync(new URL(name, GOOD), 'utf8'));

      expect(schema.safeParse(source.documents[0]?.value).error?.issues ?? []).toEqual([]);
    },
  );

  test('an editor sees a misspelled key and a value of the wrong kind', () => {
    const wrong = {
      version: 'v3',
      discovery_service: { enabled: true, poll_interval: 5, aws: [{ region: ['x'] }] },
    };

    const issues = schema.safeParse(wrong).error?.issues ?? [];

    expect(issues.map((issue) => issue.path.join('.')).toSorted()).toEqual([
      'discovery_service.aws.0',
      'discovery_service.poll_interval',
    ]);
  });
});
