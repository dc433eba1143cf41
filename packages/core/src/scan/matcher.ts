import type { OrganizationScope } from '../organization/account.ts';
import type { AccountId, MatcherKey, Region } from '../organization/ids.ts';
import type { Instance } from './instance.ts';

/** `regions: ["*"]` becomes `all`: every region enabled for the account. */
export type RegionSelection =
  | { readonly kind: 'all' }
  | { readonly kind: 'listed'; readonly regions: readonly Region[] };

/** How the worker gets credentials in the account. */
export type RoleSelection =
  /** The same role name (path included, such as `/teleport/discovery`) in every account of the organization. */
  | { readonly kind: 'name'; readonly name: string; readonly externalId: string | null }
  /** One role in one account. */
  | { readonly kind: 'arn'; readonly arn: string; readonly externalId: string | null }
  /** The worker's own credentials and account. */
  | { readonly kind: 'ambient' };

/** A tag rule: the instance must carry the key with one of the values, in which `*` and `?` are wildcards. */
export interface TagRule {
  readonly key: string;
  readonly values: readonly string[];
}

/** What is sent to a host. Every value was validated against its alphabet when the configuration was parsed. */
export interface InstallSettings {
  /** `AWS-RunShellScript` (Muster renders the command) or the name or ARN of a custom document. */
  readonly documentName: string;
  readonly joinToken: string;
  readonly scriptName: string;
  /** SHA-256 that the installer must have, 64 lower-case hexadecimal digits; null when it is not pinned. */
  readonly scriptSha256: string | null;
  /** Host and port that hosts fetch the installer from, such as `teleport.example.com:443`. */
  readonly publicProxyAddr: string;
  readonly suffix: string | null;
  readonly updateGroup: string | null;
  readonly httpProxy: string | null;
  readonly httpsProxy: string | null;
  readonly noProxy: string | null;
}

/** Whether the installation asks for what only a cluster with managed updates does. */
export function needsManagedUpdates(install: InstallSettings): boolean {
  return install.suffix !== null || install.updateGroup !== null;
}

/** One `aws` entry of the configuration, compiled. The first in file order that matches an instance owns it. */
export interface Matcher {
  readonly key: MatcherKey;
  /** Where it stands, for messages: `discovery_service.aws[0]` or `discovery_config/NAME aws[0]`. */
  readonly label: string;
  readonly partition: 'aws' | 'aws-us-gov' | 'aws-cn';
  readonly regions: RegionSelection;
  readonly role: RoleSelection;
  /** Null for a matcher of one account. */
  readonly organization: OrganizationScope | null;
  /** All must hold. Empty matches every instance. */
  readonly tags: readonly TagRule[];
  /** Any that holds excludes the instance. */
  readonly excludeTags: readonly TagRule[];
  readonly includeAccounts: readonly AccountId[] | null;
  readonly excludeAccounts: readonly AccountId[];
  /** Rules about the account's own tags; absent when there are none, and then no worker asks for them. */
  readonly accountTags?:
    | { readonly include: readonly TagRule[]; readonly exclude: readonly TagRule[] }
    | undefined;
  /** An instance younger than this is left alone until it is older. */
  readonly minInstanceAgeMs: number;
  readonly install: InstallSettings;
}

/** What of a matcher decides which hosts it selects: not what is sent to them, nor how its file names it. */
export type Selector = Omit<Matcher, 'key' | 'label' | 'minInstanceAgeMs' | 'install'>;

/** What of it decides by the tags of an instance. */
export type TagSelector = Pick<Selector, 'tags' | 'excludeTags'>;

/** Whether the matcher wants this instance by its tags; state and platform are decided later. */
export function matchesInstance(matcher: TagSelector, instance: Pick<Instance, 'tags'>): boolean {
  return (
    matcher.tags.every((rule) => carriesTag(instance.tags, rule)) &&
    !matcher.excludeTags.some((rule) => carriesTag(instance.tags, rule))
  );
}

/** Whether a tag of the instance excludes it from the matcher, whatever else the matcher wants. */
export function excludesInstance(matcher: TagSelector, instance: Pick<Instance, 'tags'>): boolean {
  return matcher.excludeTags.some((rule) => carriesTag(instance.tags, rule));
}

/** Whether the matcher covers the account at all (account lists only; the organization's units are decided where accounts are listed). */
export function coversAccount(matcher: Selector, accountId: AccountId): boolean {
  if (matcher.excludeAccounts.includes(accountId)) return false;
  return matcher.includeAccounts === null || matcher.includeAccounts.includes(accountId);
}

export function coversRegion(matcher: Pick<Selector, 'regions'>, region: Region): boolean {
  return matcher.regions.kind === 'all' || matcher.regions.regions.includes(region);
}

/** Whether the account's own tags are as the matcher wants them. Tags that are not known are not as wanted. */
export function coversAccountTags(
  matcher: Selector,
  tags: Readonly<Record<string, string>> | undefined,
): boolean {
  if (matcher.accountTags === undefined) return true;
  if (tags === undefined) return false;
  const { include, exclude } = matcher.accountTags;
  return include.every((rule) => carriesTag(tags, rule)) && !exclude.some((rule) => carriesTag(tags, rule));
}

/** Whether a tag of this key is there with one of the values. */
export function carriesTag(tags: Readonly<Record<string, string>>, rule: TagRule): boolean {
  // Only own keys: a tag may be named like something every object inherits.
  const value = Object.hasOwn(tags, rule.key) ? tags[rule.key] : undefined;
  if (value === undefined) return false;
  return rule.values.some((wanted) => matchesTagPattern(value, wanted));
}

/** A role as AWS names it, with the condition its trust policy may demand. */
export interface RoleReference {
  readonly arn: string;
  readonly externalId: string | null;
}

/** The role by which this matcher reads and writes `accountId`; null means the worker's own credentials. */
export function roleFor(matcher: Matcher, accountId: AccountId): RoleReference | null {
  switch (matcher.role.kind) {
    case 'ambient':
      return null;
    case 'arn':
      return { arn: matcher.role.arn, externalId: matcher.role.externalId };
    case 'name': {
      const path = matcher.role.name.replace(/^\/+/, '');
      return {
        arn: `arn:${matcher.partition}:iam::${accountId}:role/${path}`,
        externalId: matcher.role.externalId,
      };
    }
    default:
      return matcher.role satisfies never;
  }
}

/**
 * Whether a tag's value fits a pattern as EC2's filters read them, because Teleport hands its patterns to EC2: `*` stands
 * for any text, `?` for one character, a backslash takes the next character as it is; upper and lower case differ.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
export function matchesTagPattern(value: string, pattern: string): boolean {
  if (!/[*?\\]/.test(pattern)) return value === pattern;
  let at = 0;
  let patternAt = 0;
  // Where to go on when what follows the last `*` does not fit: let the star take one character more.
  let starAt = -1;
  let retryAt = 0;
  while (at < value.length) {
    const char = pattern[patternAt];
    const isEscaped = char === '\\' && patternAt + 1 < pattern.length;
    const wanted = isEscaped ? pattern[patternAt + 1] : char;
    if (char === '*') {
      starAt = patternAt;
      retryAt = at;
      patternAt += 1;
    } else if (wanted === value[at] || (char === '?' && !isEscaped)) {
      at += 1;
      patternAt += isEscaped ? 2 : 1;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      retryAt += 1;
      at = retryAt;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt += 1;
  return patternAt === pattern.length;
}
