import type { Matcher } from '../scan/matcher.ts';
import type { InstallDefaults } from './install-rules.ts';
import { compileMatcher } from './matcher-rules.ts';
import type { Report } from './report.ts';
import {
  DiscoveryConfigShape,
  DiscoveryConfigSpecShape,
  DiscoveryServiceShape,
  MatcherShape,
  UNREAD_SERVICE_KEYS,
} from './teleport-schema.ts';
import { describeFound } from './value-shapes.ts';

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
export interface DiscoveryConfigDocument {
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
