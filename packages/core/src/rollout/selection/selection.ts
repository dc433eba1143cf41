/**
 * What a configuration selects, and what becomes of one that selects more than the one before.
 *
 * The ledger keeps the *accepted* selection. A worker whose configuration selects otherwise marks the hosts that only its own
 * selection has (`addedBy` of their records), and they wait: first until a sweep has counted them, then for `muster approve
 * change` when they are too many. So it does not matter who noticed the change first, or whether a process was killed on the
 * way: a host is let through by its mark alone, and a mark is set by every scan anew.
 */
import { z } from 'zod';
import { canonicalJson, hashOf } from '../../config/rules/matcher-key.ts';
import type { Account } from '../../organization/account.ts';
import { AccountId, type MatcherKey, Region } from '../../organization/ids.ts';
import type { Instance } from '../../scan/instance.ts';
import {
  coversRegion,
  type Matcher,
  matchesInstance,
  type RoleSelection,
  type Selector,
  type TagRule,
} from '../../scan/matcher.ts';
import { matchersOfAccount } from '../../scan/matcher-scope.ts';

/** What the matchers of one configuration select, whatever they send and in whatever order they stand. */
export interface Selection {
  /** 16 hexadecimal digits of SHA-256 over the selectors: two configurations that select alike have the same. */
  readonly id: string;
  /** Of the matchers that it was made from. */
  readonly matcherKeys: readonly string[];
  /** Each once, in an order of their own. Empty for one of a release that did not keep them: its matchers are known by key alone. */
  readonly selectors: readonly Selector[];
}

const remembered = new WeakMap<readonly Matcher[], Selection>();

/** The selection of these matchers; of the very same list it is made once. */
export function selectionOf(matchers: readonly Matcher[]): Selection {
  const known = remembered.get(matchers);
  if (known !== undefined) return known;
  const byText = new Map(matchers.map(selectorOf).map((one) => [canonicalJson(one), one]));
  const texts = [...byText.keys()].toSorted();
  const selection: Selection = {
    id: hashOf(texts),
    matcherKeys: matchers.map(({ key }) => key),
    selectors: texts.flatMap((text) => byText.get(text) ?? []),
  };
  remembered.set(matchers, selection);
  return selection;
}

/** A selector with every list in order, so that equal content is equal text. The role only where it says which account is meant. */
function selectorOf(matcher: Matcher): Selector {
  const { partition, regions, role, organization, includeAccounts, excludeAccounts, accountTags } = matcher;
  return {
    partition,
    regions: regions.kind === 'all' ? regions : { kind: 'listed', regions: regions.regions.toSorted() },
    role: accountOf(role),
    organization: organization && {
      organizationId: organization.organizationId,
      includeOus: organization.includeOus.toSorted(),
      excludeOus: organization.excludeOus.toSorted(),
    },
    tags: sortedRules(matcher.tags),
    excludeTags: sortedRules(matcher.excludeTags),
    includeAccounts: includeAccounts && includeAccounts.toSorted(),
    excludeAccounts: excludeAccounts.toSorted(),
    ...(accountTags === undefined
      ? {}
      : {
          accountTags: {
            include: sortedRules(accountTags.include),
            exclude: sortedRules(accountTags.exclude),
          },
        }),
  };
}

function accountOf(role: RoleSelection): RoleSelection {
  if (role.kind === 'name') return { kind: 'name', name: '', externalId: null };
  return role.kind === 'arn' ? { ...role, externalId: null } : role;
}

function sortedRules(rules: readonly TagRule[]): readonly TagRule[] {
  return rules
    .map(({ key, values }) => ({ key, values: values.toSorted() }))
    .toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
}

/** Whether every selector of `one` stands in `other` too: then it can add nothing to it. */
export function isPartOf(one: Selection, other: Selection): boolean {
  if (one.matcherKeys.every((key) => other.matcherKeys.includes(key))) return true;
  const known = new Set(other.selectors.map(canonicalJson));
  return one.selectors.every((selector) => known.has(canonicalJson(selector)));
}

/** Where an instance is, and which matcher owns it by the worker's own configuration. */
export interface SelectedPlace {
  readonly account: Account;
  readonly region: Region;
  readonly instance: Pick<Instance, 'tags'>;
  readonly ownerKey: MatcherKey;
  /** See `matchersOfAccount`. */
  readonly callerAccountId: AccountId | null;
}

/** Whether a selection has the instance, by what is known of it now. */
export function selects(selection: Selection, place: SelectedPlace): boolean {
  const { account, region, instance, ownerKey, callerAccountId } = place;
  if (selection.matcherKeys.includes(ownerKey)) return true;
  return matchersOfAccount(selection.selectors, account, callerAccountId).some(
    (selector) => coversRegion(selector, region) && matchesInstance(selector, instance),
  );
}

const StoredRules = z.array(z.looseObject({ key: z.string(), values: z.array(z.string()) }));
const Role = z.discriminatedUnion('kind', [
  z.looseObject({ kind: z.literal('name'), name: z.string(), externalId: z.string().nullable() }),
  z.looseObject({ kind: z.literal('arn'), arn: z.string(), externalId: z.string().nullable() }),
  z.looseObject({ kind: z.literal('ambient') }),
]);

/** A selection as it lies in Redis. It names tags, accounts and units, and nothing that is sent or secret. */
export const StoredSelection: z.ZodType<Selection> = z.looseObject({
  id: z.string(),
  matcherKeys: z.array(z.string()),
  selectors: z.array(
    z.looseObject({
      partition: z.enum(['aws', 'aws-us-gov', 'aws-cn']),
      regions: z.union([
        z.looseObject({ kind: z.literal('all') }),
        z.looseObject({ kind: z.literal('listed'), regions: z.array(Region) }),
      ]),
      role: Role,
      organization: z
        .looseObject({
          organizationId: z.string(),
          includeOus: z.array(z.string()),
          excludeOus: z.array(z.string()),
        })
        .nullable(),
      tags: StoredRules,
      excludeTags: StoredRules,
      includeAccounts: z.array(AccountId).nullable(),
      excludeAccounts: z.array(AccountId),
      accountTags: z.looseObject({ include: StoredRules, exclude: StoredRules }).optional(),
    }),
  ),
});
