import { type Findings, type Report, reportOn } from './report.ts';
import { nearest } from './suggest.ts';
import { describeFound } from '../value-shapes.ts';
import type { SourceDocument } from './yaml-source.ts';

/** A document that is a map, which a configuration must be. */
export interface KeyedDocument {
  readonly document: SourceDocument;
  readonly keys: Keys;
}

type Keys = Readonly<Record<string, unknown>>;

const WHAT_IS_READ =
  'Muster reads one document without a kind (the teleport.yaml), and those of the kind discovery_config';

/** Keys that only the values of Teleport's Helm charts (teleport-cluster, teleport-kube-agent) have at their top. */
const HELM_KEYS = ['teleportConfig', 'chartMode', 'kubeClusterName', 'proxyAddr', 'clusterName', 'authToken'];

/** Which document is which; null when there is no main one. Resources of other kinds that were pasted along are left alone. */
export function sortDocuments(
  documents: readonly SourceDocument[],
  file: string,
  findings: Findings,
): { readonly main: KeyedDocument; readonly discoveryConfigs: readonly KeyedDocument[] } | null {
  let main: KeyedDocument | null = null;
  const discoveryConfigs: KeyedDocument[] = [];
  const otherKinds: string[] = [];
  for (const document of documents) {
    const report = reportOn(findings, file, document, null);
    const { value } = document;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      report.fault([], `a configuration is a map of sections, found ${describeFound(value)}`);
      continue;
    }
    const keys = value as Keys;
    const kind = keys['kind'];
    if (kind === 'discovery_config') {
      discoveryConfigs.push({ document, keys });
    } else if (kind !== undefined) {
      reportOtherKind(keys, report);
      otherKinds.push(JSON.stringify(kind));
    } else if (isHelmValues(keys)) {
      reportHelmValues(keys, report);
    } else if (main === null) {
      main = { document, keys };
    } else {
      report.fault([], 'a second document without a kind: only one may hold discovery_service and muster');
    }
  }
  if (main !== null) return { main, discoveryConfigs };
  if (findings.faults.every((fault) => fault.line === 0)) {
    const found = otherKinds.length === 0 ? '' : ` (what is there is of the kind ${otherKinds.join(', ')})`;
    const message = `there is no configuration in it${found}: paste version, teleport.proxy_server and discovery_service from teleport.yaml`;
    findings.faults.push({ file, line: 1, column: 1, path: '', message });
  }
  return null;
}

/** A document of another kind is left alone, unless it was meant to be read: by its name, or by what it holds. */
function reportOtherKind(keys: Keys, report: Report): void {
  const { kind } = keys;
  const found = kind === null ? 'kind: it has no value' : `kind ${JSON.stringify(kind)}`;
  const isNear = typeof kind === 'string' && nearest(kind, ['discovery_config']) !== null;
  const packed = packedConfiguration(keys['data']) ?? packedConfiguration(keys['stringData']);
  if (packed !== null) {
    report.fault(
      [keys['data'] === undefined ? 'stringData' : 'data', packed],
      `a configuration inside a ${JSON.stringify(kind)}: Muster wants this text as a file of its own`,
    );
  } else if (isNear || kind === null || kind === '' || holdsMatchers(keys['spec'])) {
    report.fault(['kind'], `unknown ${found}; did you mean discovery_config? ${WHAT_IS_READ}`);
  } else if ('discovery_service' in keys || 'muster' in keys) {
    report.fault(['kind'], `unknown ${found}; remove the line. ${WHAT_IS_READ}`);
  } else {
    report.note(['kind'], `the document of the ${found} is not read: ${WHAT_IS_READ}`);
  }
}

/** Whether a resource's `spec` is one of matchers, whatever the resource calls itself. */
function holdsMatchers(spec: unknown): boolean {
  return isMap(spec) && ('discovery_group' in spec || 'aws' in spec);
}

/** The key of a Kubernetes ConfigMap or Secret that holds a teleport.yaml. */
function packedConfiguration(data: unknown): string | null {
  if (!isMap(data)) return null;
  return Object.keys(data).find((key) => /^\s*discovery_service\s*:/m.test(String(data[key]))) ?? null;
}

function isHelmValues(keys: Keys): boolean {
  if ('discovery_service' in keys || 'muster' in keys) return 'teleportConfig' in keys;
  return HELM_KEYS.some((key) => key in keys) || pathToHelmConfig(keys, []) !== null;
}

function reportHelmValues(keys: Keys, report: Report): void {
  const path = pathToHelmConfig(keys, []);
  const wanted = 'a file of its own that begins with version: v3';
  report.fault(
    path ?? [],
    path === null
      ? `this is a values file of Teleport's Helm charts, and none of it is teleport.yaml's: write ${wanted}, with teleport.proxy_server and discovery_service`
      : `this is a values file of Teleport's Helm charts: Muster wants what stands under ${path.join('.')}, not indented, in ${wanted}`,
  );
}

/** Charts in charts are no deeper. */
const DEEPEST_VALUE = 4;

/** `teleportConfig` as the chart teleport-kube-agent has it, below `auth` or `proxy` as teleport-cluster, or below the name of a chart. */
function pathToHelmConfig(keys: Keys, path: readonly string[]): readonly string[] | null {
  if ('teleportConfig' in keys) return [...path, 'teleportConfig'];
  if (path.length >= DEEPEST_VALUE) return null;
  for (const [key, part] of Object.entries(keys)) {
    const found = isMap(part) ? pathToHelmConfig(part, [...path, key]) : null;
    if (found !== null) return found;
  }
  return null;
}

function isMap(value: unknown): value is Keys {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
