import { between, hashNumbers, hex8, pick, unit } from './hash.ts';
import { encodeInstanceId } from './identifiers.ts';
import type { Account, InstanceSpec, SsmRegistration } from './model.ts';
import type { HostOutcome } from './outcome.ts';
import type { HostKind } from './scenarios.ts';

interface Flavor {
  readonly name: string;
  readonly version: string;
  readonly details: string;
}

const LINUX: readonly [Flavor, ...Flavor[]] = [
  { name: 'Ubuntu', version: '24.04', details: 'Linux/UNIX' },
  { name: 'Ubuntu', version: '22.04', details: 'Linux/UNIX' },
  { name: 'Amazon Linux', version: '2023', details: 'Linux/UNIX' },
  { name: 'Amazon Linux', version: '2', details: 'Linux/UNIX' },
  { name: 'Debian GNU/Linux', version: '12', details: 'Linux/UNIX' },
  { name: 'Red Hat Enterprise Linux', version: '9.4', details: 'Red Hat Enterprise Linux' },
];
const WINDOWS: Flavor = {
  name: 'Microsoft Windows Server 2022 Datacenter',
  version: '10.0.20348',
  details: 'Windows',
};
const AGENTS = ['3.3.1611.0', '3.3.987.0', '3.2.2303.0', '3.1.1732.0'] as const;
const OLD_AGENTS = ['2.3.1644.0', '3.0.1124.0', '2.2.607.0'] as const;
const TYPES = ['t3.micro', 't3.large', 'm6i.large', 'm7g.xlarge', 'c6i.2xlarge', 'r6i.xlarge'] as const;
const TEAMS = ['payments', 'search', 'platform', 'data', 'web', 'identity'] as const;
const OFF_TAGS = ['dev', 'staging', 'sandbox'] as const;
const DAY_MS = 86_400_000;

/** Share of the golden ratio: consecutive numbers land far apart, so that small worlds get every kind as well. */
const GOLDEN = 0.618_033_988_749_895;

/** What kind of host the nth derived instance is: the same whenever asked, spread evenly over the numbers. */
export function kindOf(
  seed: number,
  number: number,
  mix: readonly { readonly kind: HostKind; readonly upTo: number }[],
): HostKind {
  const position = (number * GOLDEN + unit(hashNumbers(seed, 0x60d))) % 1;
  for (const { kind, upTo } of mix) if (position < upTo) return kind;
  return 'joins';
}

/** Where a derived instance is and what it is to become. */
export interface HostOrder {
  readonly seed: number;
  /** Position among all derived instances of the world. */
  readonly number: number;
  readonly kind: HostKind;
  readonly account: Account;
  readonly region: string;
  readonly slot: number;
  readonly matchTags: Readonly<Record<string, string>>;
  readonly startedAtMs: number;
}

/** Derives one instance from its number; costs a few microseconds and keeps nothing. */
export function deriveInstance(order: HostOrder): InstanceSpec {
  const { seed, number, kind } = order;
  const roll = (salt: number): number => hashNumbers(seed, number, salt);
  const windows = kind === 'windows';
  const flavor = windows ? WINDOWS : pick(roll(1), LINUX);
  const instanceType = pick(roll(2), TYPES);
  const ip = roll(3);
  const octets = [10, (ip >>> 16) & 0xff, (ip >>> 8) & 0xff, ip & 0xff];
  const team = pick(roll(4), TEAMS);
  return {
    id: encodeInstanceId(seed, number),
    account: order.account,
    region: order.region,
    slot: order.slot,
    state: kind === 'stopped' ? 'stopped' : 'running',
    platform: windows ? 'windows' : 'linux',
    platformDetails: flavor.details,
    instanceType,
    architecture: instanceType.startsWith('m7g') ? 'arm64' : 'x86_64',
    imageId: `ami-0${hex8(hashNumbers(seed, roll(1) % 64, 5))}${hex8(hashNumbers(seed, roll(1) % 64, 6))}`,
    hostname: `ip-${octets.join('-')}.${order.region}.compute.internal`,
    privateIp: octets.join('.'),
    launchedAtMs: order.startedAtMs - between(roll(7), 1, 400) * DAY_MS - between(roll(8), 0, 86_399) * 1000,
    tags: {
      Name: `${team}-${number}`,
      ...(kind === 'untagged' ? offTags(order.matchTags, roll(9)) : order.matchTags),
      team,
    },
    profile: kind === 'no-profile' || kind === 'default-managed' ? null : 'managed-instance',
    httpTokens: unit(roll(10)) < 0.8 ? 'required' : 'optional',
    ssm: kind === 'no-profile' || kind === 'unregistered' ? null : registration(kind, flavor, roll(11)),
    outcomes: [outcomeOf(kind, seed, number)],
    joinedAtStart: false,
  };
}

/** The matched keys with values that do not match. */
function offTags(matchTags: Readonly<Record<string, string>>, hash: number): Record<string, string> {
  const off: Record<string, string> = {};
  for (const [key, value] of Object.entries(matchTags)) {
    const other = pick(hash, OFF_TAGS);
    off[key] = other === value ? `not-${value}` : other;
  }
  return off;
}

function registration(kind: HostKind, flavor: Flavor, hash: number): SsmRegistration {
  return {
    pingStatus: kind === 'connection-lost' ? 'ConnectionLost' : 'Online',
    agentVersion: agentVersion(kind, hash),
    platformType: kind === 'windows' ? 'Windows' : 'Linux',
    platformName: flavor.name,
    platformVersion: flavor.version,
    registersAfterMs: 0,
    ...(kind === 'default-managed' ? { byHostManagement: true } : {}),
  };
}

/** Default Host Management Configuration needs 3.2.582.0 or later. */
function agentVersion(kind: HostKind, hash: number): string {
  if (kind === 'old-agent') return pick(hash, OLD_AGENTS);
  return kind === 'default-managed' ? AGENTS[0] : pick(hash, AGENTS);
}

/** How a command ends on each kind of host; those that are not named run the installer. */
const OUTCOMES: Readonly<Partial<Record<HostKind, HostOutcome>>> = {
  'no-bash': { kind: 'preflight', exitCode: 100 },
  'no-sudo': { kind: 'preflight', exitCode: 101 },
  'no-curl': { kind: 'preflight', exitCode: 102 },
  'no-disk': { kind: 'preflight', exitCode: 103 },
  'no-proxy': { kind: 'preflight', exitCode: 104 },
  'script-failure': {
    kind: 'exits',
    exitCode: 1,
    stderr: 'E: Unable to locate package teleport\nteleport-update: no version available for this system',
  },
  'join-failure': { kind: 'join-refused' },
  'old-agent': {
    kind: 'exits',
    exitCode: 1,
    stderr: 'json: cannot unmarshal object into Go struct field RunScriptPlugin.runCommand of type string',
    durationMs: 200,
  },
  hung: { kind: 'hangs' },
  lost: { kind: 'vanishes' },
};

function outcomeOf(kind: HostKind, seed: number, number: number): HostOutcome {
  if (kind !== 'connection-lost') return OUTCOMES[kind] ?? { kind: 'joins' };
  return hashNumbers(seed, number, 12) % 2 === 0 ? { kind: 'undeliverable' } : { kind: 'vanishes' };
}
