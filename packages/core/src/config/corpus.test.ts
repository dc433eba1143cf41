import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { explainConfig } from './explain.ts';
import { formatFaults } from './source/report.ts';
import { parseConfig, type ParseResult } from './parse-config.ts';

/**
 * Real-shaped configurations, each beside what Muster makes of it: what a good one comes to and is noted, what is wrong with
 * a bad one. A first line `# env: NAME=value …` is its environment.
 */
const FIXTURES = new URL('fixtures/', import.meta.url);

function names(kind: 'good' | 'bad'): readonly string[] {
  return readdirSync(new URL(`${kind}/`, FIXTURES))
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => name.slice(0, -'.yaml'.length));
}

function parse(kind: 'good' | 'bad', name: string): ParseResult {
  const text = readFileSync(new URL(`${kind}/${name}.yaml`, FIXTURES), 'utf8');
  const variables = /^# env: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const env = Object.fromEntries(
    variables.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return parseConfig(text, { file: `${name}.yaml`, env });
}

describe('a good configuration is understood', () => {
  test.each(names('good'))('%s', async (name) => {
    const result = parse('good', name);

    await expect(said(result)).toMatchFileSnapshot(`fixtures/good/${name}.explained.txt`);
    expect(result.ok).toBe(true);
  });
});

describe('a bad configuration is refused with all its faults', () => {
  test.each(names('bad'))('%s', async (name) => {
    const result = parse('bad', name);

    await expect(said(result)).toMatchFileSnapshot(`fixtures/bad/${name}.faults.txt`);
    expect(result.ok).toBe(false);
  });
});

function said(result: ParseResult): string {
  if (!result.ok) return `${formatFaults(result.faults)}\n`;
  return `${explainConfig(result.config)}\n\n${formatFaults(result.notes)}\n`;
}
