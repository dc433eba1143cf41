import type { Matcher } from '../domain/matcher.ts';
import type { ReadFile } from './console-rules.ts';
import {
  compileMatchers,
  readDiscoveryConfig,
  readDiscoveryService,
  type DiscoveryService,
} from './discovery-rules.ts';
import { readEnvironment, type Environment, type EnvironmentSettings } from './environment.ts';
import type { InstallDefaults } from './install-rules.ts';
import type { ConfigFault, ConfigNote, MusterConfig } from './model.ts';
import { compileMuster, scale } from './muster-rules.ts';
import { MusterShape } from './muster-schema.ts';
import { noteUnusedPins, readScriptPins } from './script-pins.ts';
import { reportOn, type Findings, type Report } from './report.ts';
import { nearest } from './suggest.ts';
import { checkProxyServer, checkSections } from './teleport-rules.ts';
import { describeFound } from './value-shapes.ts';
import { readYaml, type SourceDocument } from './yaml-source.ts';

export interface ParseOptions {
  /** Name for messages. */
  readonly file: string;
  readonly env: Environment;
  /** Reads files that the configuration names (the console's password). @default none: such a key is a fault */
  readonly readFile?: ReadFile;
}

/** There may be notes beside faults, too. Both are in the order of the text; what concerns the environment comes last. */
export type ParseResult =
  | { readonly ok: true; readonly config: MusterConfig; readonly notes: readonly ConfigNote[] }
  | { readonly ok: false; readonly faults: readonly ConfigFault[]; readonly notes: readonly ConfigNote[] };

/** Compiles a configuration, or says everything that is wrong with it at once. Pure but for `readFile`. */
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
    return { ok: false, faults: inOrder(findings.faults), notes };
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
  const { main, discoveryConfigs } = sorted;
  const report = reportOn(findings, options.file, main.document, null);
  checkSections(main.keys, report);
  const hasMatchers = discoveryConfigs.length > 0 || hasEntries(main.keys['discovery_service']);
  const musterReport = report.within(['muster']);
  const muster = musterReport.read(MusterShape, main.keys['muster']);
  const pins = readScriptPins(muster, musterReport);
  const proxyServer = checkProxyServer(main.keys['teleport'], hasMatchers, report.within(['teleport']));
  const defaults = { proxyServer, pins };
  const service = readDiscoveryService(main.keys['discovery_service'], report.within(['discovery_service']));
  const found = [
    ...compileMatchers(
      service.aws,
      'discovery_service.aws',
      defaults,
      report.within(['discovery_service', 'aws']),
    ),
    ...compileDiscoveryConfigs(discoveryConfigs, service, defaults, options.file, findings),
  ];
  const matchers = withoutRepeats(found, report);
  checkAnythingToDo(service, matchers, main.keys, report);
  noteUnusedPins(pins, matchers, musterReport);
  return {
    proxyServer,
    enabled: service.enabled,
    discoveryGroup: service.discoveryGroup,
    pollIntervalMs: scale(service.pollIntervalMs, environment.speed),
    matchers,
    ...compileMuster(muster, environment, options.readFile ?? null, findings, musterReport),
  };
}

interface Keys {
  readonly document: SourceDocument;
  readonly keys: Readonly<Record<string, unknown>>;
}

/** Which document is which; null when there is no main one. Resources of other kinds that were pasted along are left alone. */
function sortDocuments(
  documents: readonly SourceDocument[],
  file: string,
  findings: Findings,
): { readonly main: Keys; readonly discoveryConfigs: readonly Keys[] } | null {
  let main: Keys | null = null;
  const discoveryConfigs: Keys[] = [];
  for (const document of documents) {
    const report = reportOn(findings, file, document, null);
    const { value } = document;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      report.fault([], `a configuration is a map of sections, found ${describeFound(value)}`);
      continue;
    }
    const keys = value as Readonly<Record<string, unknown>>;
    const kind = keys['kind'];
    if (kind === 'discovery_config') discoveryConfigs.push({ document, keys });
    else if (kind !== undefined) reportOtherKind(kind, report);
    else if (main === null) main = { document, keys };
    else report.fault([], 'a second document without a kind: only one may hold discovery_service and muster');
  }
  if (main !== null) return { main, discoveryConfigs };
  if (findings.faults.every((fault) => fault.line === 0)) {
    const message =
      'there is no configuration in it: paste version, teleport.proxy_server and discovery_service from teleport.yaml';
    findings.faults.push({ file, line: 1, column: 1, path: '', message });
  }
  return null;
}

function reportOtherKind(kind: unknown, report: Report): void {
  if (nearest(String(kind), ['discovery_config']) === null) {
    report.note(
      ['kind'],
      `the document is not read: Muster reads discovery_config resources, not ${describeFound(kind)}`,
    );
  } else {
    report.fault(['kind'], `unknown kind ${describeFound(kind)}: did you mean discovery_config?`);
  }
}

function compileDiscoveryConfigs(
  documents: readonly Keys[],
  service: DiscoveryService,
  defaults: InstallDefaults,
  file: string,
  findings: Findings,
): readonly Matcher[] {
  const matchers: Matcher[] = [];
  const seen = new Set<string>();
  for (const [index, { document, keys }] of documents.entries()) {
    const title = `discovery_config/${nameOf(keys) ?? `#${index + 1}`}`;
    const report = reportOn(findings, file, document, title);
    const read = readDiscoveryConfig(keys, service.discoveryGroup, report);
    if (read === null) continue;
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

function nameOf(keys: Readonly<Record<string, unknown>>): string | null {
  const metadata = keys['metadata'];
  const name: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name : null;
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
    if (!report.isFaulted([])) report.fault(at, 'is missing: paste it from teleport.yaml');
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
