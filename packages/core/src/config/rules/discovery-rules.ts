import type { Matcher } from '../../scan/matcher.ts';
import type { InstallDefaults } from './install-rules.ts';
import { compileMatcher } from './matcher-rules.ts';
import { type Report, reportOn, type Findings } from '../source/report.ts';
import {
  DiscoveryConfigShape,
  DiscoveryConfigSpecShape,
  DiscoveryServiceShape,
  MatcherShape,
  UNREAD_SERVICE_KEYS,
} from '../teleport-schema.ts';
import { describeFound } from '../value-shapes.ts';
import { withoutMissingValues } from '../source/missing-values.ts';
import type { KeyedDocument } from '../source/sort-documents.ts';

/** Teleport's `common.DefaultDiscoveryPollInterval`. */
const DEFAULT_POLL_INTERVAL_MS = 5 * 60_000;

/** `discovery_service` without its matchers. */
export interface DiscoveryService {
  readonly enabled: boolean;
  readonly discoveryGroup: string;
  readonly pollIntervalMs: number;
  /** The entries of `aws`, unread. */
  readonly aws: readonly unknown[];
}

/** Reads the section; `report` is at its top. */
export function readDiscoveryService(section: unknown, report: Report): DiscoveryService {
  const shape = report.read(DiscoveryServiceShape, section);
  noteUnread(shape, report);
  const interval = shape.poll_interval ?? 0;
  if (interval > 0 && interval < 1000) report.fault(['poll_interval'], 'must be at least 1s');
  if (section !== undefined && shape.enabled === undefined && !report.isFaulted(['enabled'])) {
    report.note(
      ['enabled'],
      'not set, and then the service is off, as in Teleport: nothing is read or sent. Write "enabled: true"',
    );
  }
  if (
    (shape.discovery_group ?? '') === '' &&
    shape.enabled === true &&
    !report.isFaulted(['discovery_group'])
  ) {
    report.note(
      ['discovery_group'],
      'discovery_service.discovery_group is not set: discovery_config documents are not read',
    );
  }
  return {
    enabled: shape.enabled ?? false,
    discoveryGroup: shape.discovery_group ?? '',
    pollIntervalMs: interval === 0 ? DEFAULT_POLL_INTERVAL_MS : interval,
    aws: readEntries(shape.aws, report),
  };
}

/** A `discovery_config` document without its matchers; null when it is not for us, which is a note, or a fault was found. */
interface DiscoveryConfigDocument {
  readonly name: string;
  readonly aws: readonly unknown[];
}

/** @param discoveryGroup the group of our `discovery_service` */
export function readDiscoveryConfig(
  document: unknown,
  discoveryGroup: string,
  report: Report,
): DiscoveryConfigDocument | null {
  const shape = report.read(DiscoveryConfigShape, document);
  const name = shape.metadata?.name ?? '';
  if (name === '' && !report.isFaulted(['metadata', 'name'])) {
    report.fault(['metadata', 'name'], 'the resource needs a name');
  }
  if (shape.version === undefined && !report.isFaulted(['version'])) {
    report.fault(['version'], 'must be v1, it is missing');
  }
  const specReport = report.within(['spec']);
  const spec = specReport.read(DiscoveryConfigSpecShape, shape.spec);
  noteUnread(spec, specReport);
  const group = spec.discovery_group ?? '';
  if (group === '') {
    if (!specReport.isFaulted(['discovery_group'])) {
      specReport.fault(
        ['discovery_group'],
        'discovery config group required: name the discovery_group of the service',
      );
    }
    return null;
  }
  const aws = readEntries(spec.aws, specReport);
  if (group === discoveryGroup) return { name, aws };
  specReport.note(
    ['discovery_group'],
    discoveryGroup === ''
      ? 'the document is not read: discovery_service.discovery_group is not set'
      : `the document is not read: it belongs to the group ${JSON.stringify(group)}, not to ${JSON.stringify(discoveryGroup)}`,
  );
  return null;
}

/**
 * Compiles the entries of one `aws` list.
 *
 * @param label what stands before `[0]` in the matchers' labels
 * @param report at the list
 */
export function compileMatchers(
  entries: readonly unknown[],
  label: string,
  defaults: InstallDefaults,
  report: Report,
): readonly Matcher[] {
  const matchers: Matcher[] = [];
  for (const [index, entry] of entries.entries()) {
    const entryReport = report.within([index]);
    // One without a value, and reported.
    if (entry === null) continue;
    const shape = entryReport.read(MatcherShape, entry);
    if (entryReport.isFaulted([]) && (typeof entry !== 'object' || entry === null || Array.isArray(entry))) {
      continue;
    }
    const matcher = compileMatcher(shape, `${label}[${index}]`, defaults, entryReport);
    if (matcher !== null) matchers.push(matcher);
  }
  return matchers;
}

function readEntries(value: unknown, report: Report): readonly unknown[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value;
  report.fault(['aws'], `must be a list (each entry begins with "- "), found ${describeFound(value)}`);
  return [];
}

function noteUnread(shape: Readonly<Record<string, unknown>>, report: Report): void {
  for (const key of UNREAD_SERVICE_KEYS) {
    if (shape[key] !== undefined) report.note([key], 'not read: Muster enrolls EC2 instances only');
  }
}

/** A `discovery_config` document that is in force. */
export interface Resource {
  /** Such as `discovery_config/prod`. */
  readonly title: string;
  readonly keys: Readonly<Record<string, unknown>>;
  /** At the document's top. */
  readonly report: Report;
  /** Its `metadata.expires`; null when it has none. */
  readonly endsAtMs: number | null;
}

/**
 * What a Discovery Service publishes of its own file, for people to look at. Teleport never reads it back as configuration
 * (`api/types/discoveryconfig/static_snapshot.go`; `synthetic` is its earlier name).
 */
const PUBLISHED_KINDS: ReadonlySet<unknown> = new Set(['static-snapshot', 'synthetic']);

/** The documents that are in force. One that is over, or never was configuration, is left out with a note. */
export function readResources(
  documents: readonly KeyedDocument[],
  { file, nowMs }: { readonly file: string; readonly nowMs: number },
  findings: Findings,
): readonly Resource[] {
  const resources: Resource[] = [];
  for (const [index, { document, keys }] of documents.entries()) {
    const title = `discovery_config/${nameOf(keys) ?? `#${index + 1}`}`;
    const report = reportOn(findings, file, document, title);
    if (!isConfiguration(keys, report)) continue;
    // Teleport writes the status, and Muster does not read it.
    const { status: _, ...written } = keys;
    const rest = withoutMissingValues(written, [], report) as Resource['keys'];
    const endsAtMs = readExpiry(rest, report);
    if (endsAtMs === null || endsAtMs > nowMs) resources.push({ title, keys: rest, report, endsAtMs });
    else report.note(['metadata', 'expires'], 'the document is not read: its time is over');
  }
  return resources;
}

function isConfiguration(keys: Resource['keys'], report: Report): boolean {
  const subKind = keys['sub_kind'];
  if (subKind === undefined || subKind === null || subKind === '') return true;
  if (PUBLISHED_KINDS.has(subKind)) {
    report.note(
      ['sub_kind'],
      `the document is not read: this sub_kind is what a Discovery Service publishes of its own file, never configuration`,
    );
  } else {
    report.fault(
      ['sub_kind'],
      `unknown sub_kind ${describeFound(subKind)}: a discovery_config that is configuration has none, remove the line or the document`,
    );
  }
  return false;
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;
const ZERO_TIME_MS = Date.parse('0001-01-01T00:00:00Z');

/** As Teleport writes it. The first moment of year 1, Go's zero time, means never. */
function readExpiry(keys: Resource['keys'], report: Report): number | null {
  const metadata = keys['metadata'];
  const expires: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'expires') : undefined;
  if (expires === undefined || expires === '') return null;
  const ms = typeof expires === 'string' && RFC_3339.test(expires) ? Date.parse(expires) : Number.NaN;
  if (Number.isNaN(ms)) {
    report.fault(
      ['metadata', 'expires'],
      `must be a time such as 2030-01-31T00:00:00Z, found ${describeFound(expires)}`,
    );
    return null;
  }
  return ms === ZERO_TIME_MS ? null : ms;
}

function nameOf(keys: Resource['keys']): string | null {
  const metadata = keys['metadata'];
  const name: unknown =
    typeof metadata === 'object' && metadata !== null ? Reflect.get(metadata, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name : null;
}
