import type { TargetAccess } from '../domain/command.ts';
import type { Instance, ManagedNode } from '../domain/instance.ts';

/**
 * What runs in a target. Both listings are complete when they end without throwing; both yield page by page and
 * each instance once. Errors: `aws.denied`, `aws.region-off`, `aws.throttled`, `aws.unavailable`, `aws.credentials`.
 */
export interface InstancesPort {
  /** Instances that are pending, running, stopping or stopped, whatever their tags. */
  listInstances(access: TargetAccess, signal: AbortSignal): AsyncIterable<readonly Instance[]>;
  /** The target's SSM inventory: EC2 instances only, hybrid nodes (`mi-`) left out. */
  listManagedNodes(access: TargetAccess, signal: AbortSignal): AsyncIterable<readonly ManagedNode[]>;
}
