import { createHash } from 'node:crypto';
import type { MatcherKey } from '../../organization/ids.ts';
import type { Matcher, TagRule } from '../../scan/matcher.ts';

/** What a matcher is, without where it stands. */
export type MatcherContent = Omit<Matcher, 'key' | 'label'>;

/**
 * The key of a matcher: 16 hexadecimal digits of SHA-256 over its content. Two workers with the same matcher, wherever
 * it stands in their files, agree on the key; any change in what is matched or sent gives another.
 */
export function matcherKey(content: MatcherContent): MatcherKey {
  const { partition, role, minInstanceAgeMs } = content;
  const { scriptSha256, ...sent } = content.install;
  // Without a pin the key is what it was before there were pins: an upgrade hands no instance over.
  const install = scriptSha256 === null ? sent : content.install;
  // Named one by one: a label that slipped in would give every place its own key. Lists whose order means nothing are sorted.
  const counted = {
    partition,
    role,
    minInstanceAgeMs,
    install,
    regions: content.regions.kind === 'all' ? 'all' : sorted(content.regions.regions),
    organization: content.organization && {
      organizationId: content.organization.organizationId,
      includeOus: sorted(content.organization.includeOus),
      excludeOus: sorted(content.organization.excludeOus),
    },
    tags: sortedRules(content.tags),
    excludeTags: sortedRules(content.excludeTags),
    includeAccounts: content.includeAccounts && sorted(content.includeAccounts),
    excludeAccounts: sorted(content.excludeAccounts),
    // Only where it is set, so that the keys of all other matchers stay as they were.
    ...(content.accountTags === undefined
      ? {}
      : {
          accountTags: [sortedRules(content.accountTags.include), sortedRules(content.accountTags.exclude)],
        }),
  };
  return hashOf(counted) as MatcherKey;
}

/** 16 hexadecimal digits of SHA-256 over a value's content. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 16);
}

/** JSON with the keys of every map in order, so that it depends on content alone. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${canonicalJson(part)}`).join(',')}}`;
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted();
}

function sortedRules(rules: readonly TagRule[]): readonly string[] {
  return rules.map(({ key, values }) => canonicalJson([key, sorted(values)])).toSorted();
}
