import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { compareConfig } from '../reload.ts';
import type { Environment } from '../environment.ts';
import { explainConfig } from '../explain.ts';
import { formatFaults } from '../source/report.ts';
import type { MusterConfig } from '../model.ts';
import { parseConfig, type ParseResult } from '../parse-config.ts';
import { secretsOf } from '../secrets.ts';

const NEW = '0123456789abcdef'.repeat(4);
const OLD = 'fedcba9876543210'.repeat(4);
const PLAIN = `version: v3
teleport: {proxy_server: teleport.example.com:443}
discovery_service: {enabled: true, discovery_group: prod, aws: [{types: [ec2], regions: [eu-west-1]}]}
`;
const WITH_FILE = `${PLAIN}muster: {marker_key_file: marker.key}\n`;

/** @param file what the named file holds */
function parse(text: string, env: Environment = {}, file = ''): ParseResult {
  return parseConfig(text, { file: 'muster.yaml', env, readFile: () => ({ ok: true, text: file }) });
}

function compile(...args: Parameters<typeof parse>): MusterConfig {
  const result = parse(...args);
  if (!result.ok) throw new Error(formatFaults(result.faults));
  return result.config;
}

function keysOf(...args: Parameters<typeof parse>): readonly string[] {
  return compile(...args).markerKeys.map((key) => key.reveal());
}

function faultsOf(...args: Parameters<typeof parse>): string {
  const result = parse(...args);
  return result.ok ? '' : formatFaults(result.faults);
}

describe('the keys of the markers', () => {
  test('come from the file, the signing one first', () => {
    expect(keysOf(WITH_FILE, {}, `${NEW}\n`)).toEqual([NEW]);
    expect(keysOf(WITH_FILE, {}, `\n${NEW.toUpperCase()}\r\n\n ${OLD}\r\n${NEW}`)).toEqual([NEW, OLD]);
    expect(compile(WITH_FILE, {}, NEW).files).toEqual(['marker.key']);
  });

  test('or from the environment, which wins and needs no file', () => {
    expect(keysOf(WITH_FILE, { MUSTER_MARKER_KEY: `${NEW},${OLD}` }, 'no key')).toEqual([NEW, OLD]);
    expect(compile(PLAIN, { MUSTER_MARKER_KEY: NEW }).files).toEqual([]);
  });

  test('are none without either: nothing fails, and the explanation says so', () => {
    const config = compile(PLAIN);

    expect(config.markerKeys).toEqual([]);
    expect(explainConfig(config)).toContain('Markers:      NO KEY');
    expect(explainConfig(compile(PLAIN, { MUSTER_MARKER_KEY: `${NEW} ${OLD}`.replace(' ', ',') }))).toContain(
      'signed with the first of 2 keys',
    );
  });

  test('are printed nowhere', () => {
    const config = compile(WITH_FILE, {}, NEW);

    expect(JSON.stringify(config) + inspect(config, { depth: 9 }) + explainConfig(config)).not.toContain(NEW);
    expect(secretsOf(config).map((secret) => secret.reveal())).toContain(NEW);
  });

  test('are taken up by a running process when they change', () => {
    const before = compile(WITH_FILE, {}, OLD);
    const after = compile(WITH_FILE, {}, `${NEW}\n${OLD}`);

    expect(compareConfig(before, after)).toMatchObject({ kind: 'live', config: { markerKeys: [{}, {}] } });
    expect(compareConfig(before, compile(WITH_FILE, {}, OLD))).toEqual({ kind: 'same' });
  });
});

test.each([
  ['an empty file', '', 'the file marker.key holds no key'],
  ['a key that is too short', NEW.slice(1), 'has no key in line 1'],
  ['two keys on a line', `${NEW}${OLD}`, 'has no key in line 1'],
  ['a slip in the second line', `${NEW}\n${OLD.replace('f', 'g')}`, 'has no key in line 2'],
  ['a placeholder', '0'.repeat(64), 'has a placeholder in line 1'],
  [
    'more keys than a rotation needs',
    Array.from({ length: 11 }, (_, n) => `${NEW.slice(2)}${10 + n}`).join('\n'),
    'holds 11 keys: at most 10',
  ],
])('%s is a fault, and never repeated', (_, file, expected) => {
  const said = faultsOf(WITH_FILE, {}, file);

  expect(said).toMatch(/^muster.yaml:4:\d+ muster.marker_key_file: /);
  expect(said).toContain(expected);
  expect(said).not.toContain(NEW.slice(1, 40));
});

test('a faulty variable is a fault of the environment, and a name that is empty is none', () => {
  expect(faultsOf(PLAIN, { MUSTER_MARKER_KEY: 'secret' })).toBe(
    'environment MUSTER_MARKER_KEY: has no key in line 1: a key is 64 hexadecimal digits, one a line; make one with: openssl rand -hex 32',
  );
  expect(faultsOf(`${PLAIN}muster: {marker_key_file: ""}`)).toContain('names no file');
  expect(faultsOf(`${PLAIN}muster: {marker_keyfile: x}`)).toContain('did you mean marker_key_file?');
});
