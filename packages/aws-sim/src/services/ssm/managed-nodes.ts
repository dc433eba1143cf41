import type { SimClock } from '../../clock/sim-clock.ts';
import { hashText, unit } from '../../world/hash.ts';
import { hexToken } from '../../world/identifiers.ts';
import { managedAfterMs } from '../../world/host-management.ts';
import type { Instance } from '../../world/host-states.ts';

/** The agent reports every five minutes: its last ping is up to so old, and so late is its silence noticed. */
const PING_INTERVAL_MS = 300_000;

/**
 * Whether Systems Manager has heard of a host at a moment. A new one shows up only some time after the start of the
 * world, or after its launch; a registration outlives a stop. An agent without credentials of its own is there only where
 * and while Default Host Management Configuration gives it some.
 */
export function isRegistered(instance: Instance, clock: SimClock, atMs: number): boolean {
  if (instance.ssm === null) return false;
  const { byHostManagement } = instance.ssm;
  const given = byHostManagement === true ? instance.account.hostManagement?.get(instance.region) : null;
  if (given === undefined) return false;
  const registersAfterMs =
    instance.ssm.registersAfterMs + (given === null ? 0 : managedAfterMs(instance.id, given));
  if (registersAfterMs === 0) return true;
  const sinceMs = Math.max(clock.startedAtMs, instance.launchedAtMs, given?.sinceMs ?? 0);
  return (atMs - sinceMs) * clock.speed >= registersAfterMs;
}

/** When a host last pinged, as a share of the interval before the moment asked about, the same for a host always. */
function lastPingMs(instance: Instance, clock: SimClock, atMs: number): number {
  const share = unit(hashText(5, instance.id));
  const lostAtMs = instance.agentLostAtMs ?? null;
  if (lostAtMs !== null) return lostAtMs - (share * PING_INTERVAL_MS) / clock.speed;
  if (instance.ssm?.pingStatus === 'Online') return atMs - share * PING_INTERVAL_MS;
  return atMs - 86_400_000 * (1 + share * 20);
}

/**
 * What `PingStatus` says. It stays Online until a ping is overdue: an agent that dies is taken for alive for up to five
 * minutes, and commands for it are accepted meanwhile and after.
 */
function pingStatus(instance: Instance, clock: SimClock, atMs: number): 'Online' | 'ConnectionLost' {
  if (instance.ssm?.pingStatus !== 'Online') return 'ConnectionLost';
  if ((instance.agentLostAtMs ?? null) === null) return 'Online';
  const silentMs = (atMs - lastPingMs(instance, clock, atMs)) * clock.speed;
  return silentMs < PING_INTERVAL_MS ? 'Online' : 'ConnectionLost';
}

/** So many missed pings later a stopped host is no longer listed. Not documented: it is seen as ConnectionLost before. */
const PINGS_UNTIL_UNLISTED = 2;

/**
 * Whether a listing has the host. One that is terminated is deregistered at once. One that stops stays: Online until its
 * ping is overdue, ConnectionLost for another interval, and then it is left out ("does not return nodes that are stopped
 * or terminated"); so who believes the listing sends to hosts that are down.
 */
function isListed(instance: Instance, clock: SimClock, atMs: number): boolean {
  if (instance.state === 'terminated') return false;
  if (instance.state !== 'stopped') return true;
  // Null: it was down before the world began.
  if ((instance.agentLostAtMs ?? null) === null) return false;
  const silentMs = (atMs - lastPingMs(instance, clock, atMs)) * clock.speed;
  return silentMs < PINGS_UNTIL_UNLISTED * PING_INTERVAL_MS;
}

/** A machine outside of EC2, the n-th of its account and region. */
export function hybridView(
  accountId: string,
  region: string,
  n: number,
  atMs: number,
): Record<string, unknown> {
  const id = `mi-0${hexToken(n, `hybrid/${accountId}/${region}/${n}`, 16)}`;
  return {
    InstanceId: id,
    PingStatus: 'Online',
    LastPingDateTime: Math.floor(atMs / 1000) - 60,
    AgentVersion: '3.3.1611.0',
    IsLatestVersion: true,
    PlatformType: 'Linux',
    PlatformName: 'Ubuntu',
    PlatformVersion: '22.04',
    ActivationId: '00000000-0000-4000-8000-000000000000',
    IamRole: 'service-role/AmazonEC2RunCommandRoleForManagedInstances',
    RegistrationDate: Math.floor(atMs / 1000) - 86_400,
    ResourceType: 'ManagedInstance',
    Name: `rack-${n}`,
    IPAddress: '192.0.2.10',
    ComputerName: `rack-${n}.example.com`,
    AssociationStatus: 'Success',
    SourceId: id,
    SourceType: 'AWS::SSM::ManagedInstance',
  };
}

/** A node as DescribeInstanceInformation shows it at a moment; null when it shows nothing of it. */
export function nodeView(instance: Instance, clock: SimClock, atMs: number): Record<string, unknown> | null {
  const { ssm } = instance;
  if (ssm === null || !isListed(instance, clock, atMs) || !isRegistered(instance, clock, atMs)) return null;
  return {
    InstanceId: instance.id,
    PingStatus: pingStatus(instance, clock, atMs),
    LastPingDateTime: Math.floor(lastPingMs(instance, clock, atMs)) / 1000,
    AgentVersion: ssm.agentVersion,
    IsLatestVersion: ssm.agentVersion.startsWith('3.3.16'),
    PlatformType: ssm.platformType,
    PlatformName: ssm.platformName,
    PlatformVersion: ssm.platformVersion,
    ...(ssm.byHostManagement === true
      ? { IamRole: instance.account.hostManagement?.get(instance.region)?.role }
      : {}),
    ResourceType: 'EC2Instance',
    IPAddress: instance.privateIp,
    ComputerName: instance.hostname,
    AssociationStatus: 'Success',
    SourceId: instance.id,
    SourceType: 'AWS::EC2::Instance',
  };
}
