import type { HostOutcome } from './outcome.ts';

/** Life of an account, as Organizations has it in `State`. */
export type AccountState = 'PENDING_ACTIVATION' | 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE' | 'CLOSED';

/**
 * The member role of an account, seen from the discovery principal: there and trusting, not there, there without
 * trust, or asking for another external id.
 */
export type RoleState = 'ok' | 'missing' | 'denied' | 'wrong-external-id';

/** Opt-in status of a region in an account. */
export type RegionStatus = 'ENABLED_BY_DEFAULT' | 'ENABLED' | 'ENABLING' | 'DISABLING' | 'DISABLED';

/** One account of the organization. Changes while a world lives. */
export interface Account {
  /** Position in the organization; the management account is 0. */
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly joinedAtMs: number;
  readonly joinedMethod: 'INVITED' | 'CREATED';
  state: AccountState;
  /** Id of the organizational unit or the root it is in. */
  parentId: string;
  role: RoleState;
  /** Actions the member role lacks (`ec2:DescribeInstances`, `ssm:*`, `*`). */
  deniedActions: readonly string[];
  /** Regions a service control policy denies for everything but global services. */
  deniedRegions: readonly string[];
  /** Where this account differs from the world's region statuses; undefined for nowhere. */
  regionOverrides: Map<string, RegionStatus> | undefined;
  /** Tags of the account in Organizations. */
  tags: Readonly<Record<string, string>>;
  /** Machines outside of EC2 that Systems Manager manages, by region; undefined for none. */
  readonly hybridNodes?: ReadonlyMap<string, number>;
  /** Regions in which Default Host Management Configuration is on; undefined for none. */
  hostManagement?: Map<string, HostManagement>;
  /** How it was before it was changed, oldest first: what a stale answer shows. Undefined for never changed. */
  past?: readonly PastAccount[];
}

/** Default Host Management Configuration of one account and region, where it is on. */
export interface HostManagement {
  /** Name of the role, with its path. */
  readonly role: string;
  /** Real epoch milliseconds; 0: since before the world began. */
  readonly sinceMs: number;
}

/** What an account was until a moment (real epoch milliseconds). */
export interface PastAccount extends Pick<Account, 'state' | 'parentId' | 'role' | 'tags'> {
  readonly untilMs: number;
}

/** An organizational unit, or the root (whose `parentId` is null). */
export interface OrganizationalUnit {
  readonly id: string;
  readonly name: string;
  readonly parentId: string | null;
  readonly childIds: string[];
  /** Accounts directly in it, in no particular order. */
  readonly accounts: Set<Account>;
}

/** EC2 state names. */
export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

/** A node that was not made by discovery. */
export interface EarlyNode {
  readonly kind: 'discovered' | 'by-hand' | 'agentless' | 'by-commands';
  /** The host that its labels name; null for itself. */
  readonly claims: { readonly accountId: string; readonly instanceId: string } | null;
}

/** What Systems Manager knows of a host. */
export interface SsmRegistration {
  readonly pingStatus: 'Online' | 'ConnectionLost';
  readonly agentVersion: string;
  readonly platformType: 'Linux' | 'Windows' | 'MacOS';
  readonly platformName: string;
  readonly platformVersion: string;
  /** Simulated milliseconds after the start of the world (or the launch) at which it first shows up. */
  readonly registersAfterMs: number;
  /** Whether its agent has no credentials but those of Default Host Management Configuration. @default false */
  readonly byHostManagement?: boolean;
}

/** An instance as it was made: never changed, derived again whenever it is looked at. */
export interface InstanceSpec {
  readonly id: string;
  readonly account: Account;
  readonly region: string;
  /** Position among the instances of its account and region. */
  readonly slot: number;
  readonly state: InstanceState;
  readonly platform: 'linux' | 'windows' | 'macos';
  readonly platformDetails: string;
  readonly instanceType: string;
  readonly architecture: 'x86_64' | 'arm64';
  readonly imageId: string;
  readonly hostname: string;
  readonly privateIp: string;
  readonly launchedAtMs: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Name of the instance profile; null without one. */
  readonly profile: string | null;
  readonly httpTokens: 'optional' | 'required';
  /** Null: never registered in Systems Manager. */
  readonly ssm: SsmRegistration | null;
  /** One entry per run, the last of which repeats; never empty. */
  readonly outcomes: readonly HostOutcome[];
  /** Whether its agent was part of the cluster before the world began. */
  readonly joinedAtStart: boolean;
  /** How the node looks that it had then; undefined for one that discovery enrolled. */
  readonly node?: EarlyNode;
  /** The AWS service that runs it (EKS Auto Mode …) and whether EC2 lists it only on request; undefined for one's own. */
  readonly operator?: { readonly principal: string; readonly hidden: boolean };
}
