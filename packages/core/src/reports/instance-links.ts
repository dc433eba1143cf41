/** Where other systems show an instance: the AWS console of the region's own partition, and Teleport's. */
import type { MusterConfig } from '../config/model.ts';
import type { CommandId, InstanceId, Region } from '../organization/ids.ts';

/** Hosts of the AWS console, by the beginning of a region's name; the last one is the commercial partition's. */
const CONSOLE_HOSTS = [
  ['us-gov-', 'console.amazonaws-us-gov.com'],
  ['cn-', 'console.amazonaws.cn'],
  ['', 'console.aws.amazon.com'],
] as const;

function consoleOf(region: Region): string {
  const [, host] = CONSOLE_HOSTS.find(([prefix]) => region.startsWith(prefix)) ?? CONSOLE_HOSTS[2];
  return `https://${region}.${host}`;
}

/** The page of one invocation of a command. */
export function invocationLink(region: Region, commandId: CommandId, instanceId: InstanceId): string {
  return `${consoleOf(region)}/systems-manager/run-command/${commandId}/${instanceId}`;
}

/** The page of one instance in EC2. */
export function instanceLink(region: Region, instanceId: InstanceId): string {
  return `${consoleOf(region)}/ec2/home?region=${region}#InstanceDetails:instanceId=${instanceId}`;
}

/**
 * Teleport's list of resources, with the node of the instance alone in it; null without a proxy. The cluster is taken to have the
 * proxy's name, as it has unless an administrator gave it another one: the ledger does not know that.
 */
export function nodeLink(
  { proxyServer }: Pick<MusterConfig, 'proxyServer'>,
  instanceId: InstanceId,
): string | null {
  if (proxyServer === null) return null;
  const cluster = proxyServer.replace(/:\d+$/, '');
  const query = encodeURIComponent(`labels["teleport.dev/instance-id"] == "${instanceId}"`);
  return `https://${proxyServer.replace(/:443$/, '')}/web/cluster/${encodeURIComponent(cluster)}/resources?query=${query}`;
}
