import { AccountId, Region } from '../../organization/ids.ts';
import type { Matcher, RegionSelection, TagRule } from '../../scan/matcher.ts';
import { accountOfRole } from '../../scan/matcher-scope.ts';
import { checkInstall, type InstallDefaults } from './install-rules.ts';
import { matcherKey } from './matcher-key.ts';
import type { Report } from '../source/report.ts';
import { checkRole, type RoleRules } from './role-rules.ts';
import { nearest } from '../source/suggest.ts';
import { TELEPORT_AWS_TYPES, type MatcherShape } from '../teleport-schema.ts';

/** The tag that keeps an instance out unless the matcher names another. */
export const DEFAULT_OPT_OUT_TAG = 'muster:opt-out';

/**
 * Holds one `aws` entry to Teleport's rules and compiles it. All rules are tried, whatever the others found; null when
 * one reported a fault, or when the entry holds nothing for us, which is a note.
 *
 * @param label where it stands, such as `discovery_service.aws[0]`
 */
export function compileMatcher(
  shape: MatcherShape,
  label: string,
  defaults: InstallDefaults,
  report: Report,
): Matcher | null {
  if (!checkTypes(shape, report)) return null;
  const role = checkRole(shape, report);
  const regions = checkRegions(shape, role?.partition ?? null, report);
  const content = {
    regions,
    tags: checkTags(shape, report),
    excludeTags: checkExcludeTags(shape, report),
    ...checkAccounts(shape, role, report),
    ...checkAccountTags(shape, role, report),
    minInstanceAgeMs: shape.min_instance_age ?? 0,
    install: checkInstall(shape, defaults, report),
  };
  if (role === null || regions === null || report.isFaulted([])) return null;
  const { partition, organization } = role;
  const matcher = { ...content, regions, partition, organization, role: role.role };
  return { key: matcherKey(matcher), label, ...matcher };
}

/** Whether there is something for us in it. Teleport's other types are skipped with a note. */
function checkTypes(shape: MatcherShape, report: Report): boolean {
  const types = shape.types ?? [];
  if (types.length === 0) {
    if (!report.isFaulted(['types'])) report.fault(['types'], 'discovery service requires at least one type');
    return true;
  }
  const supported: readonly string[] = TELEPORT_AWS_TYPES;
  for (const [index, type] of types.entries()) {
    if (supported.includes(type)) continue;
    const near = nearest(type, supported);
    report.fault(
      ['types', index],
      `discovery service type does not support ${JSON.stringify(type)}, supported resource types are: [${supported.join(' ')}]${near === null ? '' : `; did you mean ${near}?`}`,
    );
  }
  const others = types.filter((type) => type !== 'ec2');
  if (report.isFaulted(['types']) || others.length === 0) return true;
  if (others.length === types.length) {
    report.note(
      ['types'],
      `the entry is skipped: Muster enrolls EC2 instances only, not ${others.join(', ')}`,
    );
    return false;
  }
  report.note(['types'], `only ec2 is read: Muster enrolls EC2 instances, not ${others.join(', ')}`);
  return true;
}

function checkRegions(
  shape: MatcherShape,
  partition: Matcher['partition'] | null,
  report: Report,
): RegionSelection | null {
  const names = shape.regions ?? [];
  if (names.length === 0) {
    if (!report.isFaulted(['regions'])) {
      report.fault(
        ['regions'],
        'discovery service requires at least one region, for EC2 you can also set the region to "*" to cover every region of the account',
      );
    }
    return null;
  }
  if (names.includes('*')) {
    if (names.length > 1) {
      report.fault(['regions'], 'when using "*" as region, no other regions can be specified');
      return null;
    }
    return { kind: 'all' };
  }
  const regions: Region[] = [];
  for (const [index, name] of names.entries()) {
    const region = Region.safeParse(name);
    if (!region.success) {
      const hint = /^[A-Za-z0-9-]+$/.test(name) ? ': a region looks like eu-west-1' : '';
      report.fault(
        ['regions', index],
        `discovery service does not support region ${JSON.stringify(name)}${hint}`,
      );
    } else if (partition !== null && partitionOfRegion(region.data) !== partition) {
      report.fault(
        ['regions', index],
        `${name} is not a region of the partition ${partition}: set partition: ${partitionOfRegion(region.data)}`,
      );
    } else if (regions.includes(region.data)) {
      report.note(['regions', index], `${name} is listed twice`);
    } else {
      regions.push(region.data);
    }
  }
  return { kind: 'listed', regions };
}

function partitionOfRegion(region: Region): Matcher['partition'] {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** As Teleport: no `tags`, or the key `*`, means every instance. Unlike there, a map without tags does not. */
function checkTags(shape: MatcherShape, report: Report): readonly TagRule[] {
  const tags = shape.tags ?? {};
  refuseEmptyMap(shape, 'tags', 'instance', report);
  if ('*' in tags) {
    const isOnly = Object.keys(tags).length === 1;
    if (!isOnly || !(tags['*'] ?? []).includes('*')) {
      report.note(
        ['tags', '*'],
        'the key * matches every instance, whatever else stands here, as in Teleport',
      );
    }
    return [];
  }
  return tagRules(tags, 'tags', report);
}

function checkExcludeTags(shape: MatcherShape, report: Report): readonly TagRule[] {
  const tags = shape.exclude_tags ?? {};
  if ('*' in tags) report.fault(['exclude_tags', '*'], 'this would leave every instance alone');
  const optOut = shape.opt_out_tag ?? DEFAULT_OPT_OUT_TAG;
  const rules = tagRules(tags, 'exclude_tags', report);
  if (optOut === '') report.note(['opt_out_tag'], 'turned off: no tag of its own keeps an instance out');
  else if (optOut.trim() === '') report.fault(['opt_out_tag'], 'names no tag; "" turns it off');
  return optOut === '' ? rules : [...rules, { key: optOut, values: ['*'] }];
}

function checkAccountTags(
  shape: MatcherShape,
  role: RoleRules | null,
  report: Report,
): Pick<Matcher, 'accountTags'> {
  refuseEmptyMap(shape, 'account_tags', 'account', report);
  const include = tagRules(shape.account_tags ?? {}, 'account_tags', report);
  const exclude = tagRules(shape.exclude_account_tags ?? {}, 'exclude_account_tags', report);
  if (include.length === 0 && exclude.length === 0) return {};
  if (role !== null && role.organization === null) {
    const key = include.length > 0 ? 'account_tags' : 'exclude_account_tags';
    report.fault([key], 'needs organization: the tags of accounts are asked of AWS Organizations');
  }
  return { accountTags: { include, exclude } };
}

/** A selector that lost its last entry would select everything. */
function refuseEmptyMap(
  shape: MatcherShape,
  key: 'tags' | 'account_tags',
  noun: string,
  report: Report,
): void {
  const map = shape[key];
  if (map === undefined || Object.keys(map).length > 0 || report.isFaulted([key])) return;
  const wanted = key === 'tags' ? 'write {"*": "*"} if that is meant, or' : 'write a tag, or';
  report.fault([key], `names no tag, and would take every ${noun}: ${wanted} remove the line`);
}

/** Tags and their values as rules, held to what AWS allows. @param key under which they stand */
export function tagRules(
  tags: Readonly<Record<string, readonly string[]>>,
  key: string,
  report: Report,
): readonly TagRule[] {
  const rules: TagRule[] = [];
  for (const [name, values] of Object.entries(tags)) {
    if (values.length === 0) report.fault([key, name], 'lists no value: write "*" for any value');
    if (name.length > 128) report.fault([key, name], 'a tag key has at most 128 characters');
    if (name === '') report.fault([key, name], 'a tag key has at least one character');
    if (values.some((value) => value.trim() === '')) checkEmptyValue(key, name, report);
    rules.push({ key: name, values });
  }
  return rules;
}

/** AWS's tags may have an empty value, so a matcher may ask for one. An exclusion never rests on it: it would let go of more. */
function checkEmptyValue(key: string, name: string, report: Report): void {
  if (key.startsWith('exclude_')) {
    report.fault(
      [key, name],
      'an empty text excludes only where the tag has no value: write "*" for any value',
    );
  } else {
    report.note([key, name], 'an empty text matches only where the tag has no value; "*" is any value');
  }
}

function checkAccounts(
  shape: MatcherShape,
  role: RoleRules | null,
  report: Report,
): { readonly includeAccounts: readonly AccountId[] | null; readonly excludeAccounts: readonly AccountId[] } {
  const include = accountIds(shape.include_accounts, 'include_accounts', report);
  const exclude = accountIds(shape.exclude_accounts, 'exclude_accounts', report) ?? [];
  if (include?.length === 0 && !report.isFaulted(['include_accounts'])) {
    report.fault(['include_accounts'], 'lists no account: remove the key to cover all of them');
  }
  for (const [index, accountId] of exclude.entries()) {
    if (include?.includes(accountId) === true) {
      report.fault(['exclude_accounts', index], `${accountId} is also listed in include_accounts`);
    }
  }
  const account = role?.role.kind === 'arn' ? accountOfRole(role.role.arn) : null;
  if (account !== null && (exclude.includes(account) || include?.includes(account) === false)) {
    report.fault(
      [include === null ? 'exclude_accounts' : 'include_accounts'],
      `leaves out ${account}, the one account of this matcher`,
    );
  }
  return { includeAccounts: include, excludeAccounts: exclude };
}

/** Ids of accounts, each checked; null where the key is not there. @param key under which they stand */
export function accountIds(
  texts: readonly string[] | undefined,
  key: string,
  report: Report,
): readonly AccountId[] | null {
  if (texts === undefined) return null;
  const ids: AccountId[] = [];
  for (const [index, text] of texts.entries()) {
    const id = AccountId.safeParse(text);
    if (id.success) ids.push(id.data);
    else report.fault([key, index], `an AWS account id has 12 digits, found ${JSON.stringify(text)}`);
  }
  return ids;
}
