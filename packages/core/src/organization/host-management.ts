import { plural } from '../runtime/wording.ts';
import type { Finding } from '../control/findings.ts';
import type { Cause } from '../enrollment/cause.ts';
import type { TargetAccess } from '../install/command.ts';

/**
 * AWS's Default Host Management Configuration: where it is on, Systems Manager manages every host of the account and region
 * that runs an agent, with or without an instance profile. It is a setting of the account's administrator; Muster reads it where
 * it may, tells once where it is off, and never changes it.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/fleet-manager-default-host-management-configuration.html
 */
export const HOST_MANAGEMENT_SETTING = '/ssm/managed-instance/default-ec2-instance-management-role';

/** `unknown`: the member role may not ask (`ssm:GetServiceSetting`), or AWS gave no answer. */
export const HOST_MANAGEMENT_STATES = ['on', 'off', 'unknown'] as const;
export type HostManagementState = (typeof HOST_MANAGEMENT_STATES)[number];

/** Asks for the setting. */
export interface HostManagementPort {
  /** Whether it is on in a target. Throws `aws.denied`, and as `InstancesPort.listManagedNodes` does. */
  isHostManagementOn(access: TargetAccess, signal: AbortSignal): Promise<boolean>;
}

/** Running, matched hosts of a target that Systems Manager does not have: those that the setting could win. */
export interface UnmanagedHosts {
  readonly hosts: number;
  /** Those of them without an instance profile: they have no other way. */
  readonly withoutProfile: number;
}

/** What is known of the setting in a target that has unmanaged hosts. */
export interface HostManagement extends UnmanagedHosts {
  readonly state: HostManagementState;
  /** When AWS is asked again, epoch ms. */
  readonly askAgainAtMs: number;
}

/** Causes of hosts that Systems Manager does not have. */
const UNMANAGED: ReadonlySet<string> = new Set<Cause>([
  'ec2-no-instance-profile',
  'ec2-ssm-agent-not-registered',
]);

/** Counts the unmanaged ones among ineligible hosts. @param byCause causes, with how many hosts each; one may come several times */
export function countUnmanaged(byCause: Iterable<readonly [cause: string, count: number]>): UnmanagedHosts {
  let hosts = 0;
  let withoutProfile = 0;
  for (const [cause, count] of byCause) {
    if (!UNMANAGED.has(cause)) continue;
    hosts += count;
    if (cause === 'ec2-no-instance-profile') withoutProfile += count;
  }
  return { hosts, withoutProfile };
}

/** All targets with unmanaged hosts, by what the setting is in them. */
export interface HostManagementSum {
  readonly byState: Readonly<Record<HostManagementState, UnmanagedHosts & { readonly targets: number }>>;
  /** Since when it is known to be off in a target, without a break; null when it is off in none. */
  readonly offSinceMs: number | null;
  /** The targets that it would win most in: `111122223333.eu-west-1`. */
  readonly most: readonly { readonly place: string; readonly hosts: number }[];
}

/** One finding for all targets that lack the setting, so that a thousand hosts are one line. */
export function findingsOfHostManagement({
  byState,
  offSinceMs,
  most,
}: HostManagementSum): readonly Finding[] {
  const { targets, hosts, withoutProfile } = byState.off;
  if (targets <= 0 || hosts <= 0) return [];
  const shown = most.map((one) => `${one.place} (${one.hosts})`).join(', ');
  const bare = withoutProfile === 0 ? '' : ` (${withoutProfile} without an instance profile)`;
  const unknown = byState.unknown.targets;
  return [
    {
      kind: 'host-management-off',
      scope: 'all',
      sinceMs: offSinceMs ?? 0,
      message: `In ${plural(targets, 'target')} (account and region) Default Host Management Configuration of Systems Manager is off. Muster can send nothing to ${plural(hosts, 'host')} there that Systems Manager does not manage${bare}; the setting would win at most these. Most are in ${shown}.${unknown === 0 ? '' : ` In ${plural(unknown, 'more target')} with such hosts Muster could not ask (ssm:GetServiceSetting).`}`,
      remedy:
        'Run: muster init dhmc --dir FOLDER. It writes a StackSet and Terraform that switch the setting on in exactly these accounts and regions; deploy one of the two. Hosts with SSM agent 3.2.582.0 or later and IMDSv2 register within about half an hour, and the next scan enrolls them.',
      count: targets,
    },
  ];
}
