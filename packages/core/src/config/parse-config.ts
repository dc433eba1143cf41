import { dirname, resolve } from 'node:path';
import type { Matcher } from '../scan/matcher.ts';
import type { ReadFile } from './rules/section-rules.ts';
import {
  compileMatchers,
  readDiscoveryConfig,
  readDiscoveryService,
  type DiscoveryService,
  readResources,
  type Resource,
} from './rules/discovery-rules.ts';
import { readEnvironment, type Environment, type EnvironmentSettings } from './environment.ts';
import type { InstallDefaults } from './rules/install-rules.ts';
import type { ConfigFault, ConfigNote, MusterConfig, RedisSettings } from './model.ts';
import { compileMuster, scale } from './rules/muster-rules.ts';
import { MusterShape } from './muster-schema.ts';
import { noteUnusedPins, readScriptPins } from './rules/script-pins.ts';
import { reportOn, type Findings, type Report } from './source/report.ts';
import { sortDocuments } from './source/sort-documents.ts';
import { nearest } from './source/suggest.ts';
import { checkProxyAddress, checkSections } from './rules/teleport-rules.ts';
import { readYaml, type SourceDocument } from './source/yaml-source.ts';

export interface ParseOptions {
  /** Name for messages. */
  readonly file: string;
  readonly env: Environment;
  /** Reads files that the configuration names (the console's password). @default none: such a key is a fault */
  readonly readFile?: ReadFile;
  /** Whether a `discovery_config` has expired is judged by it. @default the machine's clock */
  readonly nowMs?: number;
}

/** There may be notes beside faults, too. Both are in the order of the text; what concerns the environment comes last. */
export type ParseResult =
  | { readonly ok: true; readonly config: MusterConfig; readonly notes: readonly ConfigNote[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[]; readonly notes: readonly ConfigNote[] };

/** Compiles a configuration, or says everything that is wrong with it at once. Pure but for `readFile` and the default of `nowMs`. */
export function parseConfig(text: string, options: ParseOptions): ParseResult {
  const findings: Findings = { faults: [], notes: [] };
  const environment = readEnvironment(options.env, findings);
  const source = readYaml(text);
  for (const { line, column, message } of source.faults) {
    findings.faults.push({ file: options.file, line, column, path: '', message });
  }
  const config = source.broken ? null : compileDocuments(source.documents, environment, options, findings);
  const notes = inOrder(findings.notes);
  if (config === null || findings.faults.length > 0) {
    return { ok: false, faults: inOrder(withoutRepeatedFaults(findings.faults)), notes };
  }
  return { ok: true, config: freeze(config), notes };
}

function compileDocuments(
  documents: readonly SourceDocument[],
  environment: EnvironmentSettings,
  options: ParseOptions,
  findings: Findings,
): MusterConfig | null {
  const sorted = sortDocuments(documents, options.file, findings);
  if (sorted === null) return null;
  const report = reportOn(findings, options.file, sorted.main.document, null);
  const keys = checkSections(sorted.main.keys, report);
  const at = { file: options.file, nowMs: options.nowMs ?? Date.now() };
  const resources = readResources(sorted.discoveryConfigs, at, findings);
  const hasMatchers = resources.length > 0 || hasEntries(keys['discovery_service']);
  const musterReport = report.within(['muster']);
  const muster = musterReport.read(MusterShape, keys['muster']);
  const pins = readScriptPins(muster, musterReport);
  const proxyServer = checkProxyAddress(keys, hasMatchers, report);
  const defaults = { proxyServer, pins };
  const service = readDiscoveryService(keys['discovery_service'], report.within(['discovery_service']));
  const found = [
    ...compileMatchers(
      service.aws,
      'discovery_service.aws',
      defaults,
      report.within(['discovery_service', 'aws']),
    ),
    ...compileResources(resources, service, defaults),
  ];
  const matchers = withoutRepeats(found, report);
  const files = new Set<string>();
  const { readFile } = options;
  const readAndNote: ReadFile | null =
    readFile === undefined
      ? null
      : (path) => {
          files.add(path);
          return readFile(path);
        };
  checkAnythingToDo(service, matchers, keys, report);
  noteUnusedPins(pins, matchers, musterReport);
  const settings = compileMuster(muster, environment, readAndNote, findings, musterReport);
  return {
    proxyServer,
    enabled: service.enabled,
    discoveryGroup: service.discoveryGroup,
    pollIntervalMs: scale(service.pollIntervalMs, environment.speed),
    matchers,
    endsAtMs: earliest(resources.map(({ endsAtMs }) => endsAtMs)),
    ...settings,
    redis: inFolderOf(options.file, settings.redis),
    files: [...files],
  };
}

/** A file that is read again later is found from any working directory. */
function inFolderOf(file: string, redis: RedisSettings): RedisSettings {
  const { passwordFile } = redis;
  return passwordFile === undefined
    ? redis
    : { ...redis, passwordFile: resolve(dirname(file), passwordFile) };
}

function compileResources(
  resources: readonly Resource[],
  service: DiscoveryService,
  defaults: InstallDefaults,
): readonly Matcher[] {
  const matchers: Matcher[] = [];
  const seen = new Set<string>();
  for (const { title, keys, report, endsAtMs } of resources) {
    const read = readDiscoveryConfig(keys, service.discoveryGroup, report);
    if (read === null) continue;
    if (endsAtMs !== null) report.note(['metadata', 'expires'], 'its matchers are worked by until then');
    if (seen.has(read.name)) {
      report.fault(
        ['metadata', 'name'],
        `a second discovery_config of the name ${JSON.stringify(read.name)}`,
      );
    }
    seen.add(read.name);
    matchers.push(...compileMatchers(read.aws, `${title} aws`, defaults, report.within(['spec', 'aws'])));
  }
  return matchers;
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** The second of two equal matchers can never own an instance. */
function withoutRepeats(matchers: readonly Matcher[], report: Report): readonly Matcher[] {
  const first = new Map<string, Matcher>();
  for (const matcher of matchers) {
    const earlier = first.get(matcher.key);
    if (earlier === undefined) first.set(matcher.key, matcher);
    else report.note([], `${matcher.label} says the same as ${earlier.label} and is left out`);
  }
  return [...first.values()];
}

function checkAnythingToDo(
  service: DiscoveryService,
  matchers: readonly Matcher[],
  keys: Readonly<Record<string, unknown>>,
  report: Report,
): void {
  const at = ['discovery_service'];
  if (keys['discovery_service'] === undefined) {
    const isMisspelled = Object.keys(keys).some((key) => nearest(key, at) !== null);
    if (!isMisspelled && !report.isFaulted(at)) report.fault(at, 'is missing: paste it from teleport.yaml');
  } else if (service.enabled && matchers.length === 0 && !report.isFaulted(at)) {
    if (service.discoveryGroup === '' && service.aws.length === 0) {
      report.fault(at, 'no matchers or discovery group configured for discovery');
    } else {
      report.note(at, 'there is no matcher for EC2 instances: nothing will be enrolled');
    }
  }
}

function hasEntries(section: unknown): boolean {
  const aws: unknown =
    typeof section === 'object' && section !== null ? Reflect.get(section, 'aws') : undefined;
  return Array.isArray(aws) && aws.length > 0;
}

/** What an alias brings to several places is one mistake. */
function withoutRepeatedFaults(faults: readonly ConfigFault[]): readonly ConfigFault[] {
  const place = ({ line, column, path, message }: ConfigFault) =>
    line === 0 ? `${path} ${message}` : `${line}:${column} ${message}`;
  return [...new Map(faults.toReversed().map((fault) => [place(fault), fault])).values()].toReversed();
}

function inOrder<T extends ConfigFault>(list: readonly T[]): readonly T[] {
  const line = (entry: T) => (entry.line === 0 ? Number.MAX_SAFE_INTEGER : entry.line);
  return list.toSorted((a, b) => line(a) - line(b) || a.column - b.column);
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) freeze(part);
  }
  return value;
}
