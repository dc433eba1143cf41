import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ConfigPath, formatPath } from './report.ts';
import { parseConfig, type ParseResult } from '../parse-config.ts';
import { readYaml } from './yaml-source.ts';

const GOOD = new URL('../fixtures/good/', import.meta.url);

/** Documents of a file as plain values, and a place in one of them. */
interface Hole {
  readonly documents: readonly unknown[];
  readonly document: number;
  readonly path: ConfigPath;
}

function parse(documents: readonly unknown[]): ParseResult {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  return parseConfig(text, { file: 'f', env: {}, nowMs: Date.parse('2030-01-01T00:00:00Z') });
}

/** Every path below `value`, lists' entries among them. */
function pathsIn(value: unknown, path: ConfigPath): readonly ConfigPath[] {
  if (typeof value !== 'object' || value === null) return [path];
  const parts = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...parts.flatMap(([step, part]) => pathsIn(part, [...path, step]))];
}

function withNull(value: unknown, path: ConfigPath): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return null;
  if (Array.isArray(value)) return value.map((part, at) => (at === step ? withNull(part, rest) : part));
  return { ...(value as object), [step]: withNull(Reflect.get(value as object, step), rest) };
}

/** Every place of the good configurations that Muster reads: what Teleport writes of a resource's state is not. */
function holesOf(file: string): readonly Hole[] {
  const documents = readYaml(readFileSync(new URL(file, GOOD), 'utf8')).documents.map(({ value }) => value);
  return documents.flatMap((value, document) => {
    const { kind, sub_kind: subKind } = value as Readonly<Record<string, unknown>>;
    if (kind !== undefined && (kind !== 'discovery_config' || subKind === 'static-snapshot')) return [];
    const sections = kind === undefined ? ['discovery_service', 'muster'] : Object.keys(value as object);
    return sections
      .filter((section) => section !== 'status' && Reflect.get(value as object, section) !== undefined)
      .flatMap((section) => pathsIn(Reflect.get(value as object, section), [section]))
      .map((path) => ({ documents, document, path }));
  });
}

const FILES = readdirSync(GOOD).filter((name) => name.endsWith('.yaml'));

describe('a value that is missing is a fault, wherever it is missing', { timeout: 60_000 }, () => {
  test.each(FILES)('in %s', (file) => {
    const holes = holesOf(file);

    const taken = holes.filter(({ documents, document, path }) => {
      const result = parse(documents.map((value, at) => (at === document ? withNull(value, path) : value)));
      if (result.ok) return true;
      const reported = result.faults.filter(({ message }) => message.includes('has no value'));
      const name = path[0] === 'kind' ? 'kind' : formatPath(path);
      return reported.length !== 1 || reported[0]?.path.endsWith(name) !== true;
    });

    expect(holes.length).toBeGreaterThan(0);
    expect(taken.map(({ path }) => formatPath(path))).toEqual([]);
  });
});

describe('what is said about it', () => {
  const withMatcher = (lines: string): string =>
    [
      'version: v3',
      'teleport: {proxy_server: "teleport.example.com:443"}',
      'discovery_service:',
      '  enabled: true',
      '  discovery_group: g',
      '  aws:',
      '    - &first',
      '      types: [ec2]',
      '      regions: ["*"]',
      '      ssm: {document_name: AWS-RunShellScript}',
      lines,
    ].join('\n');
  const faultsOf = (text: string): readonly string[] => {
    const result = parseConfig(text, { file: 'f', env: {} });
    return result.ok ? [] : result.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  };

  test.each([
    ['nothing', 'tags: {enroll: }'],
    ['a tilde', 'tags: {enroll: ~}'],
    ['the word', 'tags: {enroll: Null}'],
    ['a tag', 'tags: {enroll: !!null ""}'],
    ['an empty entry', 'tags: {enroll: [x, ~]}'],
    ['JSON', '"tags": {"enroll": null}'],
    ['an alias', 'x: &x\n      tags: {enroll: *x}'],
  ])('%s is missing, and the one place of it is named', (_name, line) => {
    const found = faultsOf(withMatcher(`      ${line}`)).filter((text) => text.includes('tags.enroll'));

    expect(found).toEqual([
      expect.stringMatching(/^1\d .*tags\.enroll(\[1\])?: has no value .*"\*" for any/),
    ]);
  });

  test('all of them are told at once, beside other faults', () => {
    const found = faultsOf(
      withMatcher('      tags:\n      exclude_tags: {x: }\n      opt_out: y\nmuster:\n  paused:'),
    );

    expect(found.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
      '11 discovery_service.aws[0].tags',
      '12 discovery_service.aws[0].exclude_tags.x',
      '13 discovery_service.aws[0].opt_out',
      '15 muster.paused',
    ]);
  });

  test('a mistake that an alias brings to several matchers is one', () => {
    const found = faultsOf(
      withMatcher(
        '      tags: {x: }\n    - {<<: *first, opt_out_tag: a}\n    - {<<: *first, opt_out_tag: b}',
      ),
    );

    expect(found).toEqual([expect.stringContaining('aws[0].tags.x: has no value')]);
  });

  test('what other sections of a teleport.yaml hold is none of it', () => {
    expect(faultsOf(withMatcher('auth_service:\nssh_service: {enabled: , labels: {a: }}'))).toEqual([]);
  });
});
