import type { TargetAccess } from '../install/command.ts';
import type { InstanceId } from '../organization/ids.ts';
import type { Instance, ManagedNode } from './instance.ts';

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
export interface InstanceSight {
  readonly instance: Instance;
  /** Undefined when SSM's inventory does not list it. */
  readonly node: ManagedNode | undefined;
}
