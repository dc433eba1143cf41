import { z } from 'zod';
import { between, hashText, hex8 } from './hash.ts';
import { hexToken } from './identifiers.ts';
import type { Account, InstanceSpec, SsmRegistration } from './model.ts';
import { HostOutcomes } from './outcome.ts';

const DAY_MS = 86_400_000;

/** What Systems Manager knows of a written instance. */
export const WrittenSsm = z.strictObject({
  pingStatus: z.enum(['Online', 'ConnectionLost']).optional(),
  agentVersion: z.string().optional(),
  platformType: z.enum(['Linux', 'Windows', 'MacOS']).optional(),
  platformName: z.string().optional(),
  platformVersion: z.string().optional(),
  /** Simulated milliseconds until it first shows up. @default 0; a minute to three for hosts launched later */
  registersAfterMs: z.int().min(0).optional(),
  /** Managed only where and while Default Host Management Configuration is on. @default false */
  byHostManagement: z.boolean().optional(),
});
export type WrittenSsm = z.infer<typeof WrittenSsm>;

/** One instance as a world file or a change writes it down; everything but the region has a default. */
export const WrittenInstance = z.strictObject({
  id: z
    .string()
    .regex(/^i-([0-9a-f]{8}|[0-9a-f]{17})$/u, 'must be i- and 8 or 17 hexadecimal digits')
    .optional(),
  region: z.string(),
  /** So many alike (without `id`). @default 1 */
  count: z.int().min(1).max(100_000).optional(),
  name: z.string().optional(),
  state: z.enum(['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated']).optional(),
  platform: z.enum(['linux', 'windows', 'macos']).optional(),
  platformDetails: z.string().optional(),
  instanceType: z.string().optional(),
  architecture: z.enum(['x86_64', 'arm64']).optional(),
  /** @default the tags that match */
  tags: z.record(z.string().max(128), z.string().max(256)).optional(),
  /** Null: no instance profile. */
  profile: z.string().nullable().optional(),
  httpTokens: z.enum(['optional', 'required']).optional(),
  /** Null: never registered. */
  ssm: WrittenSsm.nullable().optional(),
  outcome: HostOutcomes.optional(),
  /**
   * Part of the cluster before the world begins: enrolled by discovery (true), by hand without discovery's labels, without
   * an agent, or with labels that its agent finds by commands. @default false
   */
  joined: z.union([z.boolean(), z.enum(['by-hand', 'agentless', 'by-commands'])]).optional(),
  /** The host that the labels of its node name instead of itself; needs `joined`. */
  claims: z.strictObject({ accountId: z.string(), instanceId: z.string() }).optional(),
  /** Run by an AWS service; hidden ones are listed only with IncludeManagedResources. @default hidden: false */
  operator: z.strictObject({ principal: z.string(), hidden: z.boolean().optional() }).optional(),
});
export type WrittenInstance = z.infer<typeof WrittenInstance>;

/** Fills in a registration. */
export function readSsm(written: WrittenSsm, platform: InstanceSpec['platform']): SsmRegistration {
  const byPlatform = {
    linux: ['Linux', 'Ubuntu', '24.04'],
    windows: ['Windows', 'Microsoft Windows Server 2022 Datacenter', '10.0.20348'],
    macos: ['MacOS', 'macOS', '14.5'],
  } as const;
  const [platformType, platformName, platformVersion] = byPlatform[platform];
  return {
    pingStatus: written.pingStatus ?? 'Online',
    agentVersion: written.agentVersion ?? '3.3.1611.0',
    platformType: written.platformType ?? platformType,
    platformName: written.platformName ?? platformName,
    platformVersion: written.platformVersion ?? platformVersion,
    registersAfterMs: written.registersAfterMs ?? 0,
    ...(written.byHostManagement === true ? { byHostManagement: true } : {}),
  };
}

/** Where written instances go. */
export interface WrittenPlace {
  readonly seed: number;
  readonly account: Account;
  /** Slot of the first one. */
  readonly slot: number;
  readonly matchTags: Readonly<Record<string, string>>;
  readonly nowMs: number;
  /** Whether they are launched now, rather than having been there before. */
  readonly fresh: boolean;
}

/** Makes the instances of one entry. */
export function readInstances(written: WrittenInstance, place: WrittenPlace): InstanceSpec[] {
  const count = written.id === undefined ? (written.count ?? 1) : 1;
  return Array.from({ length: count }, (_, i) => readInstance(written, place, place.slot + i));
}

function readInstance(written: WrittenInstance, place: WrittenPlace, slot: number): InstanceSpec {
  const { seed, account } = place;
  const about = `${account.id}/${written.region}/${slot}`;
  const hash = hashText(seed, about);
  const platform = written.platform ?? 'linux';
  const octets = [172, 16 + (hash % 16), (hash >>> 8) & 0xff, (hash >>> 16) & 0xff];
  const details = platform === 'windows' ? 'Windows' : 'Linux/UNIX';
  // A new host takes a minute or three until its agent has registered.
  const lag = place.fresh ? { registersAfterMs: between(hash, 60_000, 180_000) } : {};
  // The installer leaves a configuration alone that it did not write.
  const outcomes = written.outcome ?? { kind: written.joined === 'by-hand' ? 'foreign-agent' : 'joins' };
  const name = written.name === undefined ? {} : { Name: written.name };
  return {
    id: written.id ?? `i-0${hexToken(seed, `instance/${about}`, 16)}`,
    account,
    region: written.region,
    slot,
    state: written.state ?? 'running',
    platform,
    platformDetails: written.platformDetails ?? details,
    instanceType: written.instanceType ?? 't3.large',
    architecture: written.architecture ?? 'x86_64',
    imageId: `ami-0${hex8(hashText(seed, platform))}00000000`,
    hostname: `ip-${octets.join('-')}.${written.region}.compute.internal`,
    privateIp: octets.join('.'),
    launchedAtMs: place.fresh ? place.nowMs : place.nowMs - between(hash, 1, 300) * DAY_MS,
    tags: { ...name, ...(written.tags ?? place.matchTags) },
    profile: written.profile === undefined ? 'managed-instance' : written.profile,
    httpTokens: written.httpTokens ?? 'required',
    ssm: written.ssm === null ? null : readSsm({ ...lag, ...written.ssm }, platform),
    outcomes: Array.isArray(outcomes) ? outcomes : [outcomes],
    joinedAtStart: (written.joined ?? false) !== false,
    ...nodeOf(written),
    ...(written.operator === undefined
      ? {}
      : { operator: { principal: written.operator.principal, hidden: written.operator.hidden ?? false } }),
  };
}

function nodeOf({ joined, claims }: WrittenInstance): Pick<InstanceSpec, 'node'> {
  const kind = typeof joined === 'string' ? joined : 'discovered';
  return kind === 'discovered' && claims === undefined ? {} : { node: { kind, claims: claims ?? null } };
}

/** Tags of an account as Organizations takes them: at most 50. */
export const AccountTags = z
  .record(z.string().min(1).max(128), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= 50, 'an account has at most 50 tags');

/** One account as a world file or a change writes it down. */
export const WrittenAccount = z.strictObject({
  /** @default derived from the seed */
  id: z
    .string()
    .regex(/^\d{12}$/u, 'must be 12 digits')
    .optional(),
  name: z.string().max(50).optional(),
  email: z.string().optional(),
  /** Names of units below the root, separated by `/`; empty for the root itself. */
  ouPath: z.string().optional(),
  state: z.enum(['PENDING_ACTIVATION', 'ACTIVE', 'SUSPENDED', 'PENDING_CLOSURE', 'CLOSED']).optional(),
  role: z.enum(['ok', 'missing', 'denied', 'wrong-external-id']).optional(),
  /** Actions the member role lacks: `ssm:SendCommand`, `ec2:*`, `*`. */
  deniedActions: z.array(z.string()).optional(),
  /** Regions a service control policy denies. */
  deniedRegions: z.array(z.string()).optional(),
  /** Where it differs from the world: region and status. */
  regions: z
    .record(z.string(), z.enum(['ENABLED_BY_DEFAULT', 'ENABLED', 'ENABLING', 'DISABLING', 'DISABLED']))
    .optional(),
  /** Tags of the account itself, as `organizations:ListTagsForResource` shows them. @default none */
  tags: AccountTags.optional(),
  instances: z.array(WrittenInstance).optional(),
  /** Regions in which Default Host Management Configuration is on. @default none */
  hostManagement: z.array(z.string()).optional(),
  /** Machines outside of EC2 that Systems Manager manages (`mi-…`): how many, by region. */
  hybridNodes: z.record(z.string(), z.int().min(1).max(1_000)).optional(),
});
export type WrittenAccount = z.infer<typeof WrittenAccount>;
