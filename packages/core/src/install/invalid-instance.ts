import type { Cause } from '../enrollment/cause.ts';
import type { Instance, ManagedNode } from '../scan/instance.ts';

/**
 * Why SSM answered InvalidInstanceId for an instance ("not in a valid state for account"). The answer itself says only
 * which ids it means, and stands for four things that different people must fix:
 * it is not registered, it is terminated or does not run, it is not in this account and region, or its agent is offline
 * (often for want of an instance profile). A fifth is left when EC2 and SSM show nothing wrong: the role may not reach it.
 *
 * @param instance as EC2 lists it now, in any state; undefined when EC2 does not show the id in this account and region
 * @param node as SSM's inventory lists it now; undefined when it does not
 */
export function causeOfInvalidInstance(
  instance: Instance | undefined,
  node: ManagedNode | undefined,
): Extract<
  Cause,
  | 'ec2-instance-elsewhere'
  | 'ec2-instance-not-running'
  | 'ec2-no-instance-profile'
  | 'ec2-ssm-agent-not-registered'
  | 'ec2-ssm-agent-connection-lost'
  | 'ec2-ssm-node-refused'
> {
  if (instance === undefined) return 'ec2-instance-elsewhere';
  if (instance.state !== 'running') return 'ec2-instance-not-running';
  if (node === undefined) {
    return instance.hasInstanceProfile ? 'ec2-ssm-agent-not-registered' : 'ec2-no-instance-profile';
  }
  return node.pingStatus === 'Online' ? 'ec2-ssm-node-refused' : 'ec2-ssm-agent-connection-lost';
}
