import type { OptionalMemberAction } from '@muster/core/organization/aws-actions';

/** What `muster init` writes its files from. Every value has been checked against its alphabet (`readSettings`). */
export interface InitSettings {
  /** `o-…` */
  readonly organizationId: string;
  /** `host:port` of the Teleport proxy. */
  readonly proxy: string;
  readonly partition: Partition;
  /** Regions to read; empty for every region that is enabled in an account. */
  readonly regions: readonly string[];
  /** Where stacks are made and STS is called; enabled in every account. */
  readonly homeRegion: string;
  readonly memberRole: RoleName;
  /** Name of the role that workers run as; it has no path. */
  readonly discoveryRole: string;
  /** Account of that role; null when it was not given: then the templates ask for it. */
  readonly discoveryAccount: string | null;
  readonly externalId: string;
  /** The marker key of a new installation, 64 hexadecimal digits; one that is there already stays. */
  readonly markerKey: string;
  /** `AWS-RunShellScript`, or the name of a document of our own. */
  readonly documentName: string;
  /** Key → values, any of which must match; empty for every instance. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
  /** Of the accounts themselves: key → values, any of which must match; empty for every account. */
  readonly accountTags: ReadonlyMap<string, readonly string[]>;
  /** Whether the configuration that the roles are for asks for the accounts' own tags, by these or by a hand's. */
  readonly readsAccountTags: boolean;
  /** Whether the configuration that the role of tctl is for removes nodes (`muster.cleanup`). */
  readonly removesNodes: boolean;
  /** Accounts that the join token lists instead of the organization, in ascending order; null for the organization. */
  readonly tokenAccounts: readonly string[] | null;
  /** What the member role may do beyond what it must, in the order of `OPTIONAL_MEMBER_ACTIONS`. */
  readonly optionalActions: readonly OptionalMemberAction[];
}

export type Partition = 'aws' | 'aws-us-gov' | 'aws-cn';

/** A region that cannot be switched off, per partition: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html */
export const HOME_REGIONS: Readonly<Record<Partition, string>> = {
  aws: 'us-east-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-cn': 'cn-north-1',
};

/** A role's name, and the path before it: `/` or `/teleport/`. */
export interface RoleName {
  readonly path: string;
  readonly name: string;
}

/** One file, its path from the folder that init writes to. */
export interface InitFile {
  readonly path: string;
  readonly content: string;
  /** A secret: made once, readable by its owner alone, and never replaced. @default false */
  readonly isSecret?: boolean;
}

/** The file of the marker key, beside muster.yaml. */
export const MARKER_KEY_FILE = 'marker.key';
/** Name of the join token: Teleport's default, so that no other configuration has to name it. */
export const JOIN_TOKEN = 'aws-discovery-iam-token';
/** Name of Teleport's role, of the bot and of its token that read the inventory. */
export const INVENTORY_BOT = 'muster-inventory';

/** The document that init writes and the member role may send, unless another name is given. */
export const DEFAULT_DOCUMENT = 'MusterInstaller';

/** Whether the files bring a document of their own. With `AWS-RunShellScript` they do not: it exists everywhere, and runs anything. */
export function hasOwnDocument(settings: InitSettings): boolean {
  return settings.documentName !== 'AWS-RunShellScript';
}

/** `teleport/discovery`, as a configuration names the role. */
export function roleInConfig({ path, name }: RoleName): string {
  return `${path.slice(1)}${name}`;
}
