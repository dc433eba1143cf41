import { z } from 'zod';
import { JobError } from '../domain/errors.ts';
import { AccountId, InstanceId } from '../domain/ids.ts';
import type { MislabeledNode, TeleportNode } from '../ports/teleport.ts';

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
  spec: z
    .object({
      cloud_metadata: z
        .object({
          aws: z.object({ account_id: z.string().nullish(), instance_id: z.string().nullish() }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** What one node of the inventory is to us; both null when it is none of ours to know. */
export interface NodeReading {
  readonly node: TeleportNode | null;
  readonly mislabeled: MislabeledNode | null;
}

/**
 * One node of `tctl get nodes --format=json`. Not ours to know is one that is agentless (`sub_kind` openssh…), or without
 * both labels; mislabeled is one whose labels are not those of the instance that its agent finds itself on. Throws
 * `teleport.invalid` for text that is no node resource: skipping it would make the list short.
 */
export function readNode(text: string): NodeReading {
  const node = NodeResource.safeParse(parse(text));
  if (!node.success) throw invalid(node.error);
  const { sub_kind: subKind, metadata, spec } = node.data;
  if (subKind !== undefined && subKind !== null && subKind !== '' && subKind !== 'teleport') {
    return { node: null, mislabeled: null };
  }
  const labeled = readIdentity(metadata.labels?.[ACCOUNT_LABEL], metadata.labels?.[INSTANCE_LABEL]);
  const aws = spec?.cloud_metadata?.aws;
  const actual = readIdentity(aws?.account_id, aws?.instance_id);
  const agrees =
    actual === null ||
    (labeled !== null && labeled.accountId === actual.accountId && labeled.instanceId === actual.instanceId);
  const nodeId = metadata.name;
  return {
    node: labeled === null ? null : { nodeId, ...labeled, expiresAtMs: readExpiry(metadata.expires ?? '') },
    mislabeled: agrees ? null : { nodeId, ...actual },
  };
}

/** Null unless both are what they should be. */
function readIdentity(
  account: string | null | undefined,
  instance: string | null | undefined,
): { readonly accountId: AccountId; readonly instanceId: InstanceId } | null {
  const accountId = AccountId.safeParse(account);
  const instanceId = InstanceId.safeParse(instance);
  if (!accountId.success || !instanceId.success) return null;
  return { accountId: accountId.data, instanceId: instanceId.data };
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
