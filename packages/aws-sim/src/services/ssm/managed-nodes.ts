import type { SimClock } from '../../clock/sim-clock.ts';
import type { Instance } from '../../world/host-states.ts';
import { hashText, unit } from '../../world/hash.ts';

/** The agent reports every five minutes, so that its last ping is up to so old. */
const PING_INTERVAL_MS = 300_000;

/**
 * Whether Systems Manager has heard of a host. A new one shows up only some time after the start of the world, or after
 * its launch; a registration outlives a stop.
 */
export function isRegistered(instance: Instance, clock: SimClock): boolean {
  if (instance.ssm === null) return false;
  const { registersAfterMs } = instance.ssm;
  if (registersAfterMs === 0) return true;
  const sinceMs = Math.max(clock.startedAtMs, instance.launchedAtMs);
  return (clock.nowMs() - sinceMs) * clock.speed >= registersAfterMs;
}

/** A node as DescribeInstanceInformation shows it; null when it shows nothing of it. */
export function nodeView(instance: Instance, clock: SimClock): Record<string, unknown> | null {
  const { ssm } = instance;
  if (ssm === null || instance.state === 'stopped' || instance.state === 'terminated') return null;
  if (!isRegistered(instance, clock)) return null;
  const online = ssm.pingStatus === 'Online';
  const share = unit(hashText(5, instance.id));
  const ageMs = online ? share * PING_INTERVAL_MS : 86_400_000 * (1 + share * 20);
  return {
    InstanceId: instance.id,
    PingStatus: ssm.pingStatus,
    LastPingDateTime: Math.floor(clock.nowMs() - ageMs) / 1000,
    AgentVersion: ssm.agentVersion,
    IsLatestVersion: ssm.agentVersion.startsWith('3.3.16'),
    PlatformType: ssm.platformType,
    PlatformName: ssm.platformName,
    PlatformVersion: ssm.platformVersion,
    ResourceType: 'EC2Instance',
    IPAddress: instance.privateIp,
    ComputerName: instance.hostname,
    AssociationStatus: 'Success',
    SourceId: instance.id,
    SourceType: 'AWS::EC2::Instance',
  };
}
