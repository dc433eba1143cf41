import { z } from 'zod';
import { JobError } from '../domain/errors.ts';
import { AccountId, InstanceId } from '../domain/ids.ts';
import type { TeleportNode } from '../ports/teleport.ts';

/** Teleport's constants AWSAccountIDLabel and AWSInstanceIDLabel: what auto-discovery puts on a node. */
const ACCOUNT_LABEL = 'teleport.dev/account-id';
const INSTANCE_LABEL = 'teleport.dev/instance-id';

const NodeResource = z.object({
  sub_kind: z.string().nullish(),
  metadata: z.object({
    name: z.string(),
    labels: z.record(z.string(), z.string()).nullish(),
    expires: z.string().nullish(),
  }),
});

/**
 * One node of `tctl get nodes --format=json`. Null for a node that is not ours to know: agentless (`sub_kind` openssh…), or
 * without both labels. Throws `teleport.invalid` for text that is no node resource: skipping it would make the list short.
 */
export function readNode(text: string): TeleportNode | null {
  const node = NodeResource.safeParse(parse(text));
  if (!node.success) throw invalid(node.error);
  const { sub_kind: subKind, metadata } = node.data;
  if (subKind !== undefined && subKind !== null && subKind !== '' && subKind !== 'teleport') return null;
  const accountId = AccountId.safeParse(metadata.labels?.[ACCOUNT_LABEL]);
  const instanceId = InstanceId.safeParse(metadata.labels?.[INSTANCE_LABEL]);
  if (!accountId.success || !instanceId.success) return null;
  return {
    nodeId: metadata.name,
    accountId: accountId.data,
    instanceId: instanceId.data,
    expiresAtMs: readExpiry(metadata.expires ?? ''),
  };
}

/** Go writes a time that was never set as year 1. */
function readExpiry(expires: string): number | null {
  const ms = Date.parse(expires);
  return Number.isNaN(ms) || ms <= 0 ? null : ms;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(error);
  }
}

function invalid(cause: unknown): JobError {
  return new JobError('teleport.invalid', 'the node inventory holds something that is no node', {
    retry: 'backoff',
    cause,
  });
}
