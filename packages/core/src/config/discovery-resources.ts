import { withoutMissingValues } from './missing-values.ts';
import { reportOn, type Findings, type Report } from './report.ts';
import { describeFound } from './value-shapes.ts';
import type { KeyedDocument } from './sort-documents.ts';

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
