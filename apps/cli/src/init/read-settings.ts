import { isHostPort } from '@muster/core/install/alphabets';
import { OPTIONAL_MEMBER_ACTIONS, type OptionalMemberAction } from '@muster/core/organization/aws-actions';
import { AccountId, Region } from '@muster/core/organization/ids';
import {
  DEFAULT_DOCUMENT,
  HOME_REGIONS,
  type InitSettings,
  type Partition,
  type RoleName,
} from './settings.ts';

/** The options of `muster init` as they were typed. */
export interface InitOptions {
  readonly organization?: string;
  readonly proxy?: string;
  readonly dir?: string;
  readonly roleName?: string;
  readonly discoveryRole?: string;
  readonly discoveryAccount?: string;
  readonly externalId?: string;
  readonly document?: string;
  readonly partition?: string;
  readonly region?: readonly string[];
  readonly tag?: readonly string[];
  readonly accountTag?: readonly string[];
  readonly with?: readonly string[];
}

/** What lies outside the options. */
export interface InitSurroundings {
  /** Text of the file of `--token-accounts`; null without that option. */
  readonly tokenAccounts: string | null;
  /** External id to use when none was given. */
  readonly externalId: string;
  /** The document that the configuration in the folder names; null without one. */
  readonly documentName: string | null;
  /** For a new installation. */
  readonly markerKey: string;
  /** Whether the configuration that stays in the folder has account tags. */
  readonly readsAccountTags: boolean;
  /** Whether it removes nodes. */
  readonly removesNodes: boolean;
}

export type SettingsReading =
  | { readonly ok: true; readonly settings: InitSettings }
  /** One line each, which begins with the option. */
  | { readonly ok: false; readonly faults: readonly string[] };

/** The name that Teleport's own Terraform module suggests: an organization that used it has the roles already. */
export const DEFAULT_MEMBER_ROLE = 'teleport-organization-discovery-child-account-role';
const DEFAULT_DISCOVERY_ROLE = 'muster-discovery';
const RUN_SHELL_SCRIPT = 'AWS-RunShellScript';

/** IAM's alphabet for the name of a role: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
/** STS's alphabet: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html */
const ORGANIZATION_ID = /^o-[a-z0-9]{10,32}$/;
/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CreateDocument.html */
const DOCUMENT_NAME = /^[A-Za-z0-9_.-]{3,128}$/;
const TAG_KEY = /^[\p{L}\p{Zs}\p{N}_.:/=+@-]{1,128}$/u;
const TAG_VALUE = /^[\p{L}\p{Zs}\p{N}_.:/=+@*?-]{0,256}$/u;

/** Checks everything, and reports all faults at once. */
export function readSettings(options: InitOptions, surroundings: InitSurroundings): SettingsReading {
  const faults: string[] = [];
  const check = (option: string, value: string | undefined, isGood: boolean, rule: string): string => {
    if (value === undefined || value === '') faults.push(`${option} is missing: ${rule}`);
    else if (!isGood) faults.push(`${option} ${JSON.stringify(value)}: ${rule}`);
    return value ?? '';
  };
  const { organization, proxy, dir } = options;
  const regions = readRegions(options.region ?? [], faults);
  const accountTags = readTags('--account-tag', options.accountTag ?? [], faults);
  const partition = readPartition(options.partition, regions, faults);
  const settings: InitSettings = {
    organizationId: check(
      '--organization',
      organization,
      ORGANIZATION_ID.test(organization ?? ''),
      "an organization's id looks like o-a1b2c3d4e5",
    ),
    proxy: check(
      '--proxy',
      proxy,
      isHostPort(proxy ?? '') && /:\d+$/.test(proxy ?? ''),
      'host and port of the Teleport proxy, such as teleport.example.com:443',
    ),
    partition,
    regions,
    homeRegion: regions[0] ?? HOME_REGIONS[partition],
    memberRole: readRoleName('--role-name', options.roleName ?? DEFAULT_MEMBER_ROLE, faults),
    discoveryRole: check(
      '--discovery-role',
      options.discoveryRole ?? DEFAULT_DISCOVERY_ROLE,
      ROLE_NAME.test(options.discoveryRole ?? DEFAULT_DISCOVERY_ROLE),
      'a role has a name of 1 to 64 letters, digits and +=,.@_- (and here no path)',
    ),
    discoveryAccount: readAccount(options.discoveryAccount, faults),
    externalId: check(
      '--external-id',
      options.externalId ?? surroundings.externalId,
      EXTERNAL_ID.test(options.externalId ?? surroundings.externalId),
      'AWS allows 2 to 1224 letters, digits and +=,.@:/_-',
    ),
    markerKey: surroundings.markerKey,
    documentName: readDocument(options.document ?? surroundings.documentName ?? DEFAULT_DOCUMENT, faults),
    tags: readTags('--tag', options.tag ?? [], faults),
    accountTags,
    readsAccountTags: accountTags.size > 0 || surroundings.readsAccountTags,
    removesNodes: surroundings.removesNodes,
    tokenAccounts: readTokenAccounts(surroundings.tokenAccounts, faults),
    optionalActions: readOptionalActions(options.with ?? [], faults),
  };
  check('--dir', dir, true, 'the folder to write to');
  return faults.length > 0 ? { ok: false, faults } : { ok: true, settings };
}

function readRegions(given: readonly string[], faults: string[]): readonly string[] {
  for (const region of given) {
    if (!Region.safeParse(region).success) {
      faults.push(`--region ${JSON.stringify(region)}: an AWS region looks like eu-west-1`);
    }
  }
  return [...new Set(given)];
}

function readPartition(given: string | undefined, regions: readonly string[], faults: string[]): Partition {
  const named = Object.keys(HOME_REGIONS).find((partition) => partition === given) as Partition | undefined;
  if (given !== undefined && named === undefined) {
    faults.push(`--partition ${JSON.stringify(given)}: one of ${Object.keys(HOME_REGIONS).join(', ')}`);
    return 'aws';
  }
  const [first] = regions;
  const partition = named ?? (first === undefined ? 'aws' : partitionOf(first));
  for (const region of regions) {
    if (partitionOf(region) !== partition) {
      faults.push(`--region ${JSON.stringify(region)}: not a region of the partition ${partition}`);
    }
  }
  return partition;
}

function partitionOf(region: string): Partition {
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return region.startsWith('cn-') ? 'aws-cn' : 'aws';
}

function readRoleName(option: string, text: string, faults: string[]): RoleName {
  const parts = text.replace(/^\//, '').split('/');
  const name = parts.pop() ?? '';
  const path = ['', ...parts, ''].join('/');
  if (!ROLE_NAME.test(name) || !parts.every((part) => ROLE_NAME.test(part)) || path.length > 512) {
    faults.push(
      `${option} ${JSON.stringify(text)}: a name of 1 to 64 letters, digits and +=,.@_-, after a path such as teleport/ if the role has one`,
    );
  }
  return { path, name };
}

function readAccount(given: string | undefined, faults: string[]): string | null {
  if (given !== undefined && !AccountId.safeParse(given).success) {
    faults.push(`--discovery-account ${JSON.stringify(given)}: an AWS account id has 12 digits`);
  }
  return given ?? null;
}

function readDocument(name: string, faults: string[]): string {
  if (name === RUN_SHELL_SCRIPT) return name;
  if (!DOCUMENT_NAME.test(name)) {
    faults.push(
      `--document ${JSON.stringify(name)}: a document has a name of 3 to 128 letters, digits and _.-`,
    );
  } else if (/^(aws|amazon|amzn)/i.test(name)) {
    faults.push(
      `--document ${JSON.stringify(name)}: AWS keeps names that begin with aws, amazon or amzn; ${RUN_SHELL_SCRIPT} is its own document, and needs to be made nowhere`,
    );
  }
  return name;
}

function readOptionalActions(given: readonly string[], faults: string[]): readonly OptionalMemberAction[] {
  const all = Object.keys(OPTIONAL_MEMBER_ACTIONS) as OptionalMemberAction[];
  for (const action of given) {
    if (!all.some((one) => one === action)) {
      faults.push(`--with ${JSON.stringify(action)}: one of ${all.join(', ')}`);
    }
  }
  return all.filter((action) => given.includes(action));
}

function readTags(
  option: string,
  given: readonly string[],
  faults: string[],
): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, readonly string[]>();
  for (const text of given) {
    const at = text.indexOf('=');
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    if (at < 1 || !TAG_KEY.test(key) || !TAG_VALUE.test(value)) {
      faults.push(
        `${option} ${JSON.stringify(text)}: KEY=VALUE, of the characters that AWS's tags may have; * and ? are wildcards in the value`,
      );
    } else {
      tags.set(key, [...new Set([...(tags.get(key) ?? []), value])]);
    }
  }
  return tags;
}

/** Far more than an organization may have (50,000). */
const MOST_ACCOUNTS = 100_000;

/**
 * The accounts in a file: ids of 12 digits, separated by white space or commas, `#` begins a comment. Sorted, each once.
 * Null stays null. Adds what is wrong to `faults`, with the line.
 */
function readTokenAccounts(text: string | null, faults: string[]): readonly string[] | null {
  if (text === null) return null;
  const ids = new Set<string>();
  const bad: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    for (const word of line.replace(/#.*$/, '').split(/[\s,]+/)) {
      if (word === '') continue;
      if (AccountId.safeParse(word).success) {
        ids.add(word);
        continue;
      }
      const shown = JSON.stringify(word.slice(0, 40));
      bad.push(`--token-accounts line ${index + 1}: ${shown} is no account id (12 digits)`);
    }
  }
  faults.push(...bad.slice(0, 10));
  if (bad.length > 10) faults.push(`--token-accounts: and ${bad.length - 10} more`);
  if (bad.length === 0 && ids.size === 0) faults.push('--token-accounts: there is no account id in the file');
  if (ids.size > MOST_ACCOUNTS) faults.push(`--token-accounts: more than ${MOST_ACCOUNTS} accounts`);
  return [...ids].toSorted();
}
