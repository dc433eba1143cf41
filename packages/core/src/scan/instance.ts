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
