import type { Cause } from '@muster/core/enrollment/cause';
import type { SendResult, TargetAccess } from '@muster/core/install/command';
import type { Intent } from '@muster/core/install/intent';
import type { InstanceId } from '@muster/core/organization/ids';
import { isJobError } from '@muster/core/runtime/errors';
import type { Instance, ManagedNode } from '@muster/core/scan/instance';
import type { HandlerDeps } from '../deps.ts';

/** Longer than two calls take, and short enough for the intent to be closed by who sent. */
const LOOK_MS = 5_000;

/** The most frequent one; said when AWS does not answer the question. */
const UNKNOWN_REASON = 'ec2-ssm-agent-not-registered';

type Refusal = Extract<SendResult, { kind: 'refused' }>;

/**
 * Whom the refusal is about: those SSM named, or all when it is about the call as a whole or only one could be meant. IAM names
 * one instance that the role may not send to, such as one without the tag that its policy asks for: the others are not to blame.
 */
export function blamedIds(intent: Intent, result: Refusal): ReadonlySet<InstanceId> {
  const named = result.instanceIds.filter((id) => intent.instanceIds.includes(id));
  if (named.length > 0) return new Set(named);
  if (result.reason !== 'invalid-instance-id') return new Set(intent.instanceIds);
  return new Set(intent.instanceIds.length === 1 ? intent.instanceIds : []);
}

/**
 * Tells the reasons of an InvalidInstanceId apart, which SSM does not: EC2 and SSM are asked about the blamed instances
 * alone, two calls for all of them. An instance that IAM named is one that the role may not reach. Empty for any other refusal. Never throws for what AWS says: a reason that cannot be
 * learned stays the usual one.
 */
export async function causesOfInvalidIds(
  access: TargetAccess,
  intent: Intent,
  result: Refusal,
  signal: AbortSignal,
  deps: Pick<HandlerDeps, 'instances'>,
): Promise<ReadonlyMap<InstanceId, Cause>> {
  if (result.reason === 'denied' && result.instanceIds.length > 0) {
    return new Map([...blamedIds(intent, result)].map((id) => [id, 'ec2-ssm-node-refused']));
  }
  if (result.reason !== 'invalid-instance-id') return new Map();
  const ids = [...blamedIds(intent, result)];
  if (ids.length === 0) return new Map();
  const look = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  try {
    const sights = await deps.instances.lookUp(access, ids, look);
    return new Map(
      ids.map((id) => {
        const sight = sights.get(id);
        return [id, causeOfInvalidInstance(sight?.instance, sight?.node)];
      }),
    );
  } catch (error) {
    if (!isJobError(error) && !look.aborted) throw error;
    return new Map(ids.map((id) => [id, UNKNOWN_REASON]));
  }
}

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
