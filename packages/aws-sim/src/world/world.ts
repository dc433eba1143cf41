import type { PolicyDocument } from '../iam/policy.ts';
import type { FaultRule } from '../faults/rules.ts';
import type { LimitOverrides } from '../limits/defaults.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { createUnitTree, generateAccounts, type UnitTree } from './generate-accounts.ts';
import { spreadHostManagement } from './host-management.ts';
import { createHostStates, type HostStates, type Instance, instanceNow } from './host-states.ts';
import { token } from './identifiers.ts';
import type { Account, OrganizationalUnit, RegionStatus } from './model.ts';
import { isOptInRegion, type Partition, worldRegions } from './regions.ts';
import { cumulativeMix, type ScenarioName, scenarioOf } from './scenarios.ts';

/** Simulated delays of a world, in simulated milliseconds; pairs are lower and upper bound. */
export interface Latency {
  /** Of every answer. */
  readonly apiMs: readonly [number, number];
  /** How long a new command stays invisible to reads. */
  readonly visibilityMs: readonly [number, number];
  /** Until an agent takes a command up. */
  readonly pickupMs: readonly [number, number];
  /** How long an installer runs. */
  readonly installMs: readonly [number, number];
  /** How long an instance is `pending`, `stopping` or `shutting-down`. */
  readonly transitionMs: readonly [number, number];
}

/** Delays when a world says nothing. */
export const DEFAULT_LATENCY: Latency = {
  apiMs: [0, 0],
  visibilityMs: [300, 1_500],
  pickupMs: [500, 5_000],
  installMs: [8_000, 30_000],
  transitionMs: [5_000, 20_000],
};

/** Who holds the long-term keys and what the world expects of role and session. */
export interface Access {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Account of the discovery principal: the management account or a delegated administrator. */
  readonly principalAccountId: string;
  readonly delegatedAdministrators: readonly string[];
  /** Name of the member role; with a path (`teleport/discovery`) the whole counts, without one any path will do. Null: any. */
  readonly roleName: string | null;
  /** External id the trust policies ask for; null for none. */
  readonly externalId: string | null;
  /** Actions the discovery principal lacks. */
  readonly deniedDiscoveryActions: readonly string[];
  /** Actions every member role lacks. */
  readonly deniedMemberActions: readonly string[];
  /** Names of the documents member roles may send; null for all. */
  readonly sendableDocuments: readonly string[] | null;
  /** Member roles may not send commands to instances that carry one of these tags. */
  readonly shieldTags: Readonly<Record<string, string>>;
  /** Name of the role that the discovery principal is a session of; null: it is a user. */
  readonly discoveryRole: string | null;
  /** Real policies, which then decide beside the lists above; null: whatever discovery may need is allowed. */
  readonly policies: Policies | null;
}

/** The policies of discovery's roles. */
export interface Policies {
  readonly discovery: PolicyDocument;
  readonly member: PolicyDocument;
  readonly memberTrust: PolicyDocument;
}

/** What a generated world is derived from. */
export interface GenerateOptions {
  readonly seed: number;
  readonly accounts: number;
  readonly regions: number;
  readonly instances: number;
  readonly scenario: ScenarioName;
  readonly matchTags: Readonly<Record<string, string>>;
}

/** Everything about the organization that is not about the server. */
export interface World {
  readonly name: string;
  readonly seed: number;
  readonly organizationId: string;
  readonly partition: Partition;
  readonly regions: string[];
  readonly accounts: Account[];
  readonly accountsById: Map<string, Account>;
  readonly tree: UnitTree;
  readonly fleet: Fleet;
  readonly hosts: HostStates;
  readonly matchTags: Readonly<Record<string, string>>;
  readonly access: Access;
  readonly latency: Latency;
  readonly limits: LimitOverrides;
  readonly faults: readonly FaultRule[];
  /** Whether accounts still show the old `Status` field. */
  readonly showStatus: boolean;
  /** SSM documents deployed in every account and region from the start, by name. */
  readonly documents: ReadonlyMap<string, string>;
  /** Token of hosts that joined before the world began. */
  readonly joinToken: string;
  /** Raised by every change that alters who is in scope. */
  revision: number;
}

/** The parts of a world a file or a caller can set beside the generated ones. */
export interface WorldSettings {
  readonly name: string;
  readonly access: Partial<Access>;
  readonly latency: Partial<Latency>;
  readonly limits: LimitOverrides;
  readonly faults: readonly FaultRule[];
  readonly showStatus: boolean;
  readonly documents: ReadonlyMap<string, string>;
  readonly joinToken: string;
  readonly organizationId: string | undefined;
  readonly partition: Partition;
  /** Regions beyond the generated ones. */
  readonly extraRegions: readonly string[];
}

/** Settings of a world about which nothing is said. */
export const DEFAULT_SETTINGS: WorldSettings = {
  name: 'generated',
  access: {},
  latency: {},
  limits: {},
  faults: [],
  showStatus: true,
  documents: new Map(),
  joinToken: 'aws-discovery-iam-token',
  organizationId: undefined,
  partition: 'aws',
  extraRegions: [],
};

/** Makes a world. Nothing about single instances is computed until it is asked for. */
export function createWorld(generate: GenerateOptions, settings: WorldSettings, startedAtMs: number): World {
  const { seed } = generate;
  const { partition } = settings;
  const usual = scenarioOf(generate.scenario);
  const scenario = partition === 'aws' ? usual : { ...usual, optInRegion: false };
  const derivedRegions = worldRegions(generate.regions, scenario.optInRegion, partition);
  const regions = [...new Set([...derivedRegions, ...settings.extraRegions])];
  const tree = createUnitTree(seed);
  const accounts = generateAccounts({
    seed,
    count: generate.accounts,
    regions: derivedRegions,
    scenario,
    tree,
    startedAtMs,
  });
  if (scenario.hostManagementOff !== undefined) {
    spreadHostManagement(seed, accounts, derivedRegions, scenario.hostManagementOff);
  }
  const fleet = createFleet({
    seed,
    accounts,
    regions: derivedRegions,
    instances: accounts.length === 0 ? 0 : generate.instances,
    mix: cumulativeMix(scenario),
    matchTags: generate.matchTags,
    startedAtMs,
  });
  return {
    name: settings.name,
    seed,
    partition,
    organizationId: settings.organizationId ?? `o-${token(seed, 'organization', 10)}`,
    regions,
    accounts,
    accountsById: new Map(accounts.map((account) => [account.id, account])),
    tree,
    fleet,
    hosts: createHostStates(),
    matchTags: generate.matchTags,
    access: {
      accessKeyId: 'SIMULATEDMUSTERKEY00',
      secretAccessKey: 'simulated-secret',
      principalAccountId: accounts[0]?.id ?? '',
      delegatedAdministrators: [],
      roleName: null,
      externalId: null,
      deniedDiscoveryActions: [],
      deniedMemberActions: [],
      sendableDocuments: null,
      shieldTags: {},
      discoveryRole: null,
      policies: null,
      ...settings.access,
    },
    latency: { ...DEFAULT_LATENCY, ...settings.latency },
    limits: settings.limits,
    faults: [...scenario.faults, ...settings.faults],
    showStatus: settings.showStatus,
    documents: settings.documents,
    joinToken: settings.joinToken,
    revision: 0,
  };
}

/** The management account: the first one. */
export function managementAccount(world: World): Account {
  const first = world.accounts[0];
  if (first === undefined) throw new Error('a world needs an account');
  return first;
}

/** The unit or root an account is in. */
export function unitOf(world: World, account: Account): OrganizationalUnit {
  const unit = world.tree.units.get(account.parentId);
  if (unit === undefined) throw new Error(`account ${account.id} is in no unit`);
  return unit;
}

/** Whether an account has a region, as `ListRegions` says it. */
export function regionStatus(world: World, account: Account, region: string): RegionStatus {
  const override = account.regionOverrides?.get(region);
  if (override !== undefined) return override;
  if (!world.regions.includes(region)) return 'DISABLED';
  return isOptInRegion(region) ? 'ENABLED' : 'ENABLED_BY_DEFAULT';
}

/** Whether calls to a region work for an account. */
export function isRegionOn(world: World, account: Account, region: string): boolean {
  const status = regionStatus(world, account, region);
  return status === 'ENABLED' || status === 'ENABLED_BY_DEFAULT';
}

/** An instance by id, as it is now or was at `asOfMs` (real epoch milliseconds). */
export function findInstance(world: World, id: string, asOfMs?: number): Instance | undefined {
  const spec = world.fleet.find(id);
  return spec === undefined ? undefined : instanceNow(spec, world.hosts.get(id), asOfMs);
}

/** An instance by its slot, as it is now or was at `asOfMs` (real epoch milliseconds). */
export function instanceAt(
  world: World,
  account: Account,
  region: string,
  slot: number,
  asOfMs?: number,
): Instance {
  const spec = world.fleet.at(account, region, slot);
  return instanceNow(spec, world.hosts.get(spec.id), asOfMs);
}
