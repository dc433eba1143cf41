import type { CommandId, InstanceId, Region } from '../organization/ids.ts';

/** Hosts of the AWS console, by the beginning of a region's name; the last one is the commercial partition's. */
const CONSOLE_HOSTS = [
  ['us-gov-', 'console.amazonaws-us-gov.com'],
  ['cn-', 'console.amazonaws.cn'],
  ['', 'console.aws.amazon.com'],
] as const;

/** The page of one invocation in the AWS console of the region's own partition. */
export function invocationLink(region: Region, commandId: CommandId, instanceId: InstanceId): string {
  const [, host] = CONSOLE_HOSTS.find(([prefix]) => region.startsWith(prefix)) ?? CONSOLE_HOSTS[2];
  return `https://${region}.${host}/systems-manager/run-command/${commandId}/${instanceId}`;
}
