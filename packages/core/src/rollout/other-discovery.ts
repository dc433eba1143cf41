/**
 * Teleport's own Discovery Services, as far as they enroll hosts that Muster selects, too. Two installers without a common lock must
 * not work on the same hosts, and discovery groups do not keep them apart: several services of one group all send, and Muster
 * takes the place of a service. So every real service counts, of whichever group (docs/decisions/0023-other-discovery.md).
 *
 * What is not provably disjoint overlaps.
 */
import { z } from 'zod';
import { type Account, isAccountInScope } from '../organization/account.ts';
import { AccountId } from '../organization/ids.ts';
import type { Target } from '../organization/target.ts';
import { type Matcher, matchesTagPattern, type TagRule } from '../scan/matcher.ts';
import { accountOfRole } from '../scan/matcher-scope.ts';

const Scope = z.object({
  organizationId: z.string(),
  includeOus: z.array(z.string()),
  excludeOus: z.array(z.string()),
});

/** One `aws` entry of another service that is about EC2 instances. */
const OtherMatcherShape = z.object({
  /** Null: every region. */
  regions: z.array(z.string()).nullable(),
  /** Null: that of the service's own credentials, or of an integration, which Muster does not know. */
  accountId: AccountId.nullable(),
  organization: Scope.nullable(),
  tags: z.array(z.object({ key: z.string(), values: z.array(z.string()) })),
});
export type OtherMatcher = z.infer<typeof OtherMatcherShape>;

/** What enrolls hosts beside Muster. */
export const OtherDiscoveryShape = z.object({
  /** By which `muster.other_discovery.ignore` names it: the id of a service's host, or `discovery_config/NAME`. */
  id: z.string(),
  /** Of a service's host; empty for a resource. Untrusted text. */
  hostname: z.string(),
  /** Empty when it has none, or when that is not known. */
  group: z.string(),
  /** Null when Muster may not see them: it may enroll any host. */
  matchers: z.array(OtherMatcherShape).nullable(),
});
export type OtherDiscovery = z.infer<typeof OtherDiscoveryShape>;

/** Those that the operator has not declared harmless. @param ignore ids or names of hosts, and `discovery_config/NAME` */
export function withoutIgnored(
  others: readonly OtherDiscovery[],
  ignore: readonly string[],
): readonly OtherDiscovery[] {
  return others.filter(({ id, hostname }) => !ignore.includes(id) && !ignore.includes(hostname));
}

/** A host's place, as far as another service's matcher goes by it. */
export interface HostPlace {
  readonly target: Target;
  /** Null when the ledger does not know it. */
  readonly account: Account | null;
  /** Ours that owns the host. */
  readonly matcher: Matcher;
}

/** Whether it may enroll this host, too. */
export function enrollsToo(other: OtherDiscovery, { target, account, matcher }: HostPlace): boolean {
  if (other.matchers === null) return true;
  return other.matchers.some((theirs) => {
    if (theirs.regions !== null && !theirs.regions.includes(target.region)) return false;
    if (theirs.accountId !== null && theirs.accountId !== target.accountId) return false;
    if (theirs.organization !== null && account !== null && !mayHold(account, theirs.organization)) {
      return false;
    }
    return !areTagsDisjoint(matcher, theirs.tags);
  });
}

/** An account that was not found through an organization may be in any. */
function mayHold(account: Account, scope: z.infer<typeof Scope>): boolean {
  return account.organizationId === undefined || isAccountInScope(account, scope);
}

/** Whether it may enroll hosts of this matcher of ours at all: for the finding, which names both sides. */
export function overlapsMatcher(theirs: OtherMatcher, ours: Matcher): boolean {
  if (theirs.regions !== null && ours.regions.kind === 'listed') {
    const regions: readonly string[] = ours.regions.regions;
    if (!theirs.regions.some((region) => regions.includes(region))) return false;
  }
  if (theirs.organization !== null && ours.organization !== null) {
    if (theirs.organization.organizationId !== ours.organization.organizationId) return false;
  }
  if (theirs.accountId !== null && !mayCover(ours, theirs.accountId)) return false;
  return !areTagsDisjoint(ours, theirs.tags);
}

function mayCover(ours: Matcher, accountId: AccountId): boolean {
  if (ours.excludeAccounts.includes(accountId)) return false;
  if (ours.includeAccounts !== null && !ours.includeAccounts.includes(accountId)) return false;
  return ours.role.kind !== 'arn' || accountOfRole(ours.role.arn) === accountId;
}

/**
 * Whether no instance can carry the tags of both: they want values of one key that have nothing in common, or ours excludes
 * every value that theirs wants. An instance has one value per key.
 */
function areTagsDisjoint(ours: Matcher, theirs: readonly TagRule[]): boolean {
  return theirs.some(
    (rule) =>
      ours.tags.some(({ key, values }) => key === rule.key && areValuesDisjoint(values, rule.values)) ||
      ours.excludeTags.some(({ key, values }) => key === rule.key && areAllExcluded(rule.values, values)),
  );
}

function areValuesDisjoint(a: readonly string[], b: readonly string[]): boolean {
  return a.every((one) => b.every((other) => !mayMeet(one, other)));
}

/** Of two patterns it is not worked out whether some text fits both. */
function mayMeet(one: string, other: string): boolean {
  if (isLiteral(one)) return matchesTagPattern(one, other);
  return isLiteral(other) ? matchesTagPattern(other, one) : true;
}

function areAllExcluded(wanted: readonly string[], excluded: readonly string[]): boolean {
  return wanted.every((value) =>
    excluded.some((pattern) => pattern === '*' || (isLiteral(value) && matchesTagPattern(value, pattern))),
  );
}

function isLiteral(pattern: string): boolean {
  return !/[*?\\]/.test(pattern);
}

/** What Teleport says of its Discovery Services and their resources; null where the identity may not ask, or this Teleport does not tell. */
export interface DiscoveryReading {
  /** Heartbeats with the configuration (`discovery_service`). */
  readonly services: readonly AnnouncedService[] | null;
  /** Hosts that run a Discovery Service, by the inventory of instances. */
  readonly hosts: readonly DiscoveryHost[] | null;
  readonly configs: readonly DiscoveryConfig[] | null;
}

export interface DiscoveryHost {
  readonly hostId: string;
  readonly hostname: string;
}

export interface AnnouncedService extends DiscoveryHost {
  readonly group: string;
  /** Of its own file, those about EC2; null when it has too many to announce. */
  readonly matchers: readonly OtherMatcher[] | null;
}

export interface DiscoveryConfig {
  readonly name: string;
  readonly group: string;
  readonly matchers: readonly OtherMatcher[];
  /** When a service last worked by it, epoch ms; null when never, or when that is not told. */
  readonly syncedAtMs: number | null;
}

/** A resource that was worked by so lately is at work: three of Teleport's usual intervals. Real time: Teleport's own. */
const SYNCED_LATELY_MS = 15 * 60_000;

/**
 * What is at work in the cluster and about EC2. A resource is at work where a service of its group is; without a word on
 * services, where it was worked by lately, or is of another group than ours and nothing says that it rests.
 */
export function discoveryAtWork(
  { services, hosts, configs }: DiscoveryReading,
  ownGroup: string,
  nowMs: number,
): readonly OtherDiscovery[] {
  const announced = new Set((services ?? []).map(({ hostId }) => hostId));
  const silent = (hosts ?? []).filter(({ hostId }) => !announced.has(hostId));
  const groups = new Set((services ?? []).map(({ group }) => group).filter((group) => group !== ''));
  const areAllKnown = (services !== null || hosts !== null) && silent.length === 0;
  const isAtWork = ({ group, syncedAtMs }: DiscoveryConfig): boolean => {
    if (areAllKnown) return groups.has(group);
    const lately = syncedAtMs !== null && nowMs - syncedAtMs < SYNCED_LATELY_MS;
    return groups.has(group) || lately || (group !== ownGroup && syncedAtMs === null);
  };
  const found: readonly OtherDiscovery[] = [
    ...(services ?? []).map((one) => ({ ...ofHost(one), group: one.group, matchers: copy(one.matchers) })),
    ...silent.map((one) => ({ ...ofHost(one), group: '', matchers: null })),
    ...(configs ?? []).filter(isAtWork).map(({ name, group, matchers }) => {
      return { id: `discovery_config/${name}`, hostname: '', group, matchers: copy(matchers) };
    }),
  ];
  return found.filter(({ matchers }) => matchers === null || matchers.length > 0);
}

function copy(matchers: readonly OtherMatcher[] | null): OtherMatcher[] | null {
  return matchers === null ? null : [...matchers];
}

function ofHost({ hostId, hostname }: DiscoveryHost): Pick<OtherDiscovery, 'id' | 'hostname'> {
  return { id: hostId, hostname };
}
