import type { TargetAccess } from '../install/command.ts';
import type { AccountId, InstanceId } from '../organization/ids.ts';

/** EC2's own instance states. `shutting-down` and `terminated` are never asked for. */
export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** The fields of an EC2 instance that decide anything here. */
export interface Instance {
  readonly instanceId: InstanceId;
  /** The account that owns the instance, as the reservation says; never assumed from the credentials. */
  readonly ownerId: AccountId;
  readonly state: InstanceState;
  /** EC2 says `windows` or nothing at all; nothing means Linux or macOS. */
  readonly platform: 'windows' | 'other';
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch milliseconds; null when EC2 left it out. */
  readonly launchedAtMs: number | null;
  /** Whether an instance profile is attached: without one (or DHMC) an SSM agent cannot register. */
  readonly hasInstanceProfile: boolean;
}

/** An instance as SSM's inventory of the target knows it (DescribeInstanceInformation). */
export interface ManagedNode {
  readonly instanceId: InstanceId;
  readonly pingStatus: 'Online' | 'ConnectionLost' | 'Inactive';
  /** Epoch milliseconds of the agent's last report (it reports every five minutes); null when unknown. */
  readonly lastPingAtMs: number | null;
  /** Dotted version, such as `3.2.582.0`; empty when SSM left it out. */
  readonly agentVersion: string;
  readonly platformType: 'Linux' | 'Windows' | 'MacOS';
  /** Such as `Amazon Linux 2023`, `Bottlerocket`; empty when SSM left it out. */
  readonly platformName: string;
}

/**
 * What runs in a target. Both listings are complete when they end without throwing; both yield page by page and
 * each instance once. Errors: `aws.denied`, `aws.region-off`, `aws.throttled`, `aws.unavailable`, `aws.credentials`.
 */
export interface InstancesPort {
  /** Instances that are pending, running, stopping or stopped, whatever their tags. */
  listInstances(access: TargetAccess, signal: AbortSignal): AsyncIterable<readonly Instance[]>;
  /** The target's SSM inventory: EC2 instances only, hybrid nodes (`mi-`) left out. */
  listManagedNodes(access: TargetAccess, signal: AbortSignal): AsyncIterable<readonly ManagedNode[]>;
  /**
   * At most 50 instances by their ids, in whatever state they are, in one call. An id that EC2 does not show in this account
   * and region is left out.
   */
  describe(
    access: TargetAccess,
    instanceIds: readonly InstanceId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<InstanceId, Instance>>;
  /**
   * At most 50 instances by their ids, in whatever state they are, each with its entry in SSM's inventory. An id that EC2
   * does not show in this account and region is left out.
   */
  lookUp(
    access: TargetAccess,
    instanceIds: readonly InstanceId[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<InstanceId, InstanceSight>>;
}

/** One instance as EC2 and SSM show it. */
interface InstanceSight {
  readonly instance: Instance;
  /** Undefined when SSM's inventory does not list it. */
  readonly node: ManagedNode | undefined;
}
