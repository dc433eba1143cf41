import type { ConfigPath, Report } from './report.ts';

/** Keys whose maps hold tags: what stands behind a tag is a value that an instance or account must carry. */
const TAG_MAPS: ReadonlySet<unknown> = new Set([
  'tags',
  'exclude_tags',
  'account_tags',
  'instance_tags',
  'exclude_account_tags',
]);

/** What to write where "none" or "all" is meant. */
const MEANT: Readonly<Record<string, string>> = {
  tags: ', {"*": "*"} for every instance',
  regions: ', ["*"] for every region',
  include: ', ["*"] for every account',
  exclude: ', [] for none',
  exclude_accounts: ', [] for none',
  exclude_tags: ', {} for none',
  exclude_account_tags: ', {} for none',
  script_sha256: ', {} for none',
  args: ', [] for none',
};

/** Keys that must be there: to remove them would only be another fault. */
const REQUIRED: ReadonlySet<unknown> = new Set([
  'discovery_service',
  'types',
  'regions',
  'organization_id',
  'organizational_units',
  'include',
  'kind',
  'version',
  'name',
  'spec',
]);

/**
 * Reports every key and list entry without a value, at any depth, and returns the rest. A key with nothing behind it (an
 * unset variable, a list whose entries are all commented out) is never read as absent, unlike in Teleport: a selector that
 * vanished would select more than before.
 *
 * @param path where `value` stands, from the report's top
 * @returns undefined when nothing is left
 */
export function withoutMissingValues(value: unknown, path: ConfigPath, report: Report): unknown {
  if (value === null) {
    report.fault(path, explainMissing(path));
    return undefined;
  }
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return withoutMissingEntries(value, path, report);
  const entries = Object.entries(value)
    .map(([key, part]) => [key, withoutMissingValues(part, [...path, key], report)] as const)
    .filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries);
}

/** A list of texts with a hole goes as a whole: half of it would mean something else. Maps keep their places in the list. */
function withoutMissingEntries(list: readonly unknown[], path: ConfigPath, report: Report): unknown {
  const rest = list.map((part, index) => withoutMissingValues(part, [...path, index], report) ?? null);
  if (!rest.includes(null)) return rest;
  const holdsMaps = rest.some((part) => typeof part === 'object' && part !== null);
  return holdsMaps ? rest : undefined;
}

/** What is wrong where a value is missing, and what to write. */
export function explainMissing(path: ConfigPath): string {
  const last = path.at(-1);
  const isEntry = typeof last === 'number';
  const isOfTag = TAG_MAPS.has(path.at(isEntry ? -3 : -2));
  const meant = isOfTag ? ', "*" for any' : isEntry ? '' : (MEANT[String(last)] ?? '');
  const way = REQUIRED.has(last) && !isOfTag ? '' : `, or remove the ${isEntry ? 'entry' : 'line'}`;
  return `has no value (an unset variable? every entry commented out?): write one${meant}${way}`;
}
