/**
 * Which hosts another configuration selects, by what the ledger knows. It knows accounts, regions, and by which matcher a
 * host is selected; it does not know tags. So each answer may be `unknown`, and is then never counted as nothing.
 */
import type { AccountId, InstanceId, MatcherKey } from '../organization/ids.ts';
import type { Matcher } from '../scan/matcher.ts';
import { knowsMatch, type TagKnowledge } from '../scan/tag-knowledge.ts';

/** What becomes of one host. `hands-over`: it stays selected, by another matcher or by a changed one; `neither` selects it. */
export type HostChange = 'adds' | 'drops' | 'hands-over' | 'same' | 'neither' | 'unknown';

/** How one configuration has a host: by which matcher; null for none; `some` when it is selected by one that is not known. */
type Owner = MatcherKey | null | 'some' | 'unknown';

/** The first of the matchers of a target that has a host, as far as it is known. */
function ownerOf(matchers: readonly Matcher[], known: TagKnowledge): Owner {
  let isSure = true;
  for (const matcher of matchers) {
    const match = knowsMatch(matcher, known);
    if (match === true) return isSure ? matcher.key : 'some';
    if (match === null) isSure = false;
  }
  return isSure ? null : 'unknown';
}

/**
 * What becomes of a host whose tags are known so far.
 *
 * @param before matchers of the old configuration that cover its target, in file order
 * @param after those of the new one
 */
export function changeOfHost(
  before: readonly Matcher[],
  after: readonly Matcher[],
  known: TagKnowledge,
): HostChange {
  const [old, next] = [ownerOf(before, known), ownerOf(after, known)];
  if (old === 'unknown' || next === 'unknown') return 'unknown';
  if ((old === 'some' && next !== null) || (next === 'some' && old !== null)) return 'unknown';
  return changeOfOwner(old, next);
}

/** What becomes of a host whose owners are known: keys of matchers, null for none. */
export function changeOfOwner(before: string | null, after: string | null): HostChange {
  if (before === null) return after === null ? 'neither' : 'adds';
  if (after === null) return 'drops';
  return before === after ? 'same' : 'hands-over';
}

/**
 * What a record says of its host's tags: they are as its matcher wants them, and not as those before it do. Nothing when
 * neither configuration has the matcher.
 *
 * @param configurations the matchers of each that cover its target, in file order
 */
export function knowledgeOfOwner(
  key: MatcherKey,
  configurations: readonly (readonly Matcher[])[],
): TagKnowledge {
  for (const matchers of configurations) {
    const at = matchers.findIndex((one) => one.key === key);
    const owner = matchers[at];
    if (owner !== undefined) return { fits: [owner], misses: matchers.slice(0, at) };
  }
  return NOTHING_KNOWN;
}

/**
 * What a scan that found a host unwanted says of its tags: no matcher that covers its target wants them, and no exclusion of
 * theirs is among them.
 */
export function knowledgeOfUnmatched(scannedBy: readonly Matcher[] | null): TagKnowledge {
  if (scannedBy === null) return NOTHING_KNOWN;
  const excludeTags = scannedBy.flatMap((matcher) => matcher.excludeTags);
  return { fits: [{ tags: [], excludeTags }], misses: scannedBy };
}

/** One of their exclusions is among its tags: where there is but one, it is that one. */
export function knowledgeOfOptedOut(scannedBy: readonly Matcher[]): TagKnowledge {
  const rules = new Map(
    scannedBy.flatMap(({ excludeTags }) => excludeTags).map((rule) => [JSON.stringify(rule), rule]),
  );
  const [only, ...more] = rules.values();
  return {
    fits: only !== undefined && more.length === 0 ? [{ tags: [only], excludeTags: [] }] : [],
    misses: scannedBy,
  };
}

/** Of a host that no scan has told anything of. */
const NOTHING_KNOWN: TagKnowledge = { fits: [], misses: [] };

/** Whether `after` may reach accounts that `before` does not, of which the ledger then knows nothing. */
export function reachesOtherAccounts(before: readonly Matcher[], after: readonly Matcher[]): boolean {
  return !after.every((wide) => before.some((one) => coversAllAccountsOf(one, wide)));
}

function coversAllAccountsOf(one: Matcher, other: Matcher): boolean {
  const isListed =
    one.includeAccounts === null ||
    (other.includeAccounts?.every((id) => one.includeAccounts?.includes(id)) ?? false);
  const tags = (matcher: Matcher): string => JSON.stringify(matcher.accountTags ?? null);
  if (!isListed || !one.excludeAccounts.every((id) => other.excludeAccounts.includes(id))) return false;
  if (one.accountTags !== undefined && tags(one) !== tags(other)) return false;
  if (one.organization === null || other.organization === null) {
    // Of one account each: that of the role, or the workers' own.
    const account = ({ role }: Matcher): string =>
      role.kind === 'arn' ? (role.arn.split(':')[4] ?? '') : role.kind;
    return one.organization === other.organization && account(one) === account(other);
  }
  const { organizationId, includeOus, excludeOus } = one.organization;
  return (
    organizationId === other.organization.organizationId &&
    (includeOus.includes('*') || other.organization.includeOus.every((id) => includeOus.includes(id))) &&
    excludeOus.every((id) => other.organization?.excludeOus.includes(id) === true)
  );
}

/** Hosts by what becomes of them. */
interface DiffCounts {
  readonly adds: number;
  readonly drops: number;
  readonly handsOver: number;
  readonly same: number;
  /** Hosts of which a scan must say it. */
  readonly unknown: number;
  /** Targets that the new configuration covers and that were not read completely, or not at all: their hosts are in no figure. */
  readonly notRead: number;
}

/** Hosts of one account. */
export interface AccountDiff extends DiffCounts {
  readonly accountId: string;
  /** A few of each. */
  readonly examples: {
    readonly adds: readonly InstanceId[];
    readonly drops: readonly InstanceId[];
    readonly handsOver: readonly InstanceId[];
    readonly unknown: readonly InstanceId[];
  };
}

/** The answer of `muster config diff`: sums over all accounts. */
export interface ConfigDiff extends DiffCounts {
  /** What no figure has, as sentences; empty when the figures are whole. */
  readonly notKnown: readonly string[];
  /** Those that differ or hold what is not known, the most hosts first. */
  readonly accounts: readonly AccountDiff[];
}

/** Whether the new file selects the very same hosts by the same matchers, and nothing is left unknown. */
export function isSameDiff(diff: ConfigDiff): boolean {
  const { adds, drops, handsOver, unknown, notRead, notKnown } = diff;
  return adds + drops + handsOver + unknown + notRead + notKnown.length === 0;
}

/** Of each kind and account. */
const EXAMPLES = 3;

/** Counts the hosts of one account. */
export function createTally(accountId: AccountId) {
  const hosts: Record<HostChange, InstanceId[]> = {
    adds: [],
    drops: [],
    'hands-over': [],
    same: [],
    neither: [],
    unknown: [],
  };
  let notRead = 0;
  const some = (change: HostChange): readonly InstanceId[] => hosts[change].toSorted().slice(0, EXAMPLES);
  return {
    add: (id: InstanceId, change: HostChange): void => void hosts[change].push(id),
    addNotRead: (targets: number): void => void (notRead += targets),
    result: (): AccountDiff => ({
      accountId,
      adds: hosts.adds.length,
      drops: hosts.drops.length,
      handsOver: hosts['hands-over'].length,
      same: hosts.same.length,
      unknown: hosts.unknown.length,
      notRead,
      examples: {
        adds: some('adds'),
        drops: some('drops'),
        handsOver: some('hands-over'),
        unknown: some('unknown'),
      },
    }),
  };
}

/** All accounts together. @param notKnown see `ConfigDiff` */
export function sumUpDiff(accounts: readonly AccountDiff[], notKnown: readonly string[]): ConfigDiff {
  const sum = (of: (account: AccountDiff) => number): number =>
    accounts.reduce((total, account) => total + of(account), 0);
  const weight = ({ adds, drops, handsOver, unknown, notRead }: AccountDiff): number =>
    adds + drops + handsOver + unknown + notRead;
  return {
    adds: sum(({ adds }) => adds),
    drops: sum(({ drops }) => drops),
    handsOver: sum(({ handsOver }) => handsOver),
    same: sum(({ same }) => same),
    unknown: sum(({ unknown }) => unknown),
    notRead: sum(({ notRead }) => notRead),
    notKnown,
    accounts: accounts
      .filter((account) => weight(account) > 0)
      .toSorted((a, b) => weight(b) - weight(a) || (a.accountId < b.accountId ? -1 : 1)),
  };
}
