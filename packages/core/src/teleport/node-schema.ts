import { z } from 'zod';
import { JobError } from '../runtime/errors.ts';
import { AccountId, InstanceId } from '../organization/ids.ts';
import type { NodeClaim, OddNode, TeleportNode } from '../inventory/teleport-port.ts';

/** Teleport's constants AWSAccountIDLabel and AWSInstanceIDLabel: what auto-discovery puts on a node. */
const ACCOUNT_LABEL = 'teleport.dev/account-id';
const INSTANCE_LABEL = 'teleport.dev/instance-id';

const DynamicLabel = z.object({ result: z.string().nullish() }).nullish();

/** The fields we use of `api/types/server.go` (`ServerV2`), in an agent's node and in an agentless one. */
const NodeResource = z.object({
  kind: z.literal('node').nullish(),
  metadata: z.object({
    name: z.string(),
    labels: z
      .object({ [ACCOUNT_LABEL]: z.string().nullish(), [INSTANCE_LABEL]: z.string().nullish() })
      .nullish(),
    expires: z.string().nullish(),
  }),
  spec: z
    .object({
      cmd_labels: z.object({ [ACCOUNT_LABEL]: DynamicLabel, [INSTANCE_LABEL]: DynamicLabel }).nullish(),
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
  readonly odd: OddNode | null;
}

/**
 * One node of `tctl get nodes --format=json`, of an agent or agentless (`sub_kind` openssh…): to Teleport's own Discovery
 * Service both are enrolled. It belongs to the instance that its two labels name, static or dynamic, or else to the one
 * that its cloud metadata names. Where two of these differ it belongs to no instance.
 *
 * All three are what the host's own agent says of itself, so a host whose root user is hostile can make them up. Labels
 * are a line in its `teleport.yaml`; metadata takes a changed agent or a false metadata service. A node that names another
 * host in one place only is caught here; one that lies in every place is not, and keeps that other host from being
 * enrolled (docs/inventory.md). A node with labels alone is believed all the same: agents without a metadata service
 * have no more to show, and a root user who can lie in two places would only be asked for the second lie.
 *
 * Throws `teleport.invalid` for text that is no node resource: skipping it would make the list short.
 */
export function readNode(text: string): NodeReading {
  const read = NodeResource.safeParse(parse(text));
  if (!read.success) throw invalid(read.error);
  const { metadata, spec } = read.data;
  const dynamic = spec?.cmd_labels;
  const aws = spec?.cloud_metadata?.aws;
  const labels = readClaim('labels', metadata.labels?.[ACCOUNT_LABEL], metadata.labels?.[INSTANCE_LABEL]);
  const commands = readClaim(
    'dynamic labels',
    dynamic?.[ACCOUNT_LABEL]?.result,
    dynamic?.[INSTANCE_LABEL]?.result,
  );
  const cloud = readClaim('cloud metadata', aws?.account_id, aws?.instance_id);
  const about = {
    nodeId: readNodeId(metadata.name),
    expiresAtMs: readExpiry(metadata.expires ?? ''),
  };
  const claims = [labels, commands, cloud];
  if (differ(claims.map((one) => one.accountId)) || differ(claims.map((one) => one.instanceId))) {
    const says = claims.filter((one) => one.accountId !== null || one.instanceId !== null);
    return { node: null, odd: { kind: 'contradicting', ...about, says } };
  }
  const accountId = labels.accountId ?? commands.accountId;
  const instanceId = labels.instanceId ?? commands.instanceId;
  if (accountId !== null && instanceId !== null) {
    return { node: { ...about, accountId, instanceId }, odd: null };
  }
  if (cloud.accountId === null || cloud.instanceId === null) return { node: null, odd: null };
  const node = { ...about, accountId: cloud.accountId, instanceId: cloud.instanceId };
  return { node, odd: { kind: 'unlabeled', ...node } };
}

/** What is no id names no host: it is read as absent, and contradicts nothing. */
function readClaim(
  by: NodeClaim['by'],
  account: string | null | undefined,
  instance: string | null | undefined,
): NodeClaim {
  return {
    by,
    accountId: AccountId.safeParse(account?.trim()).data ?? null,
    instanceId: InstanceId.safeParse(instance?.trim()).data ?? null,
  };
}

function differ(ids: readonly (string | null)[]): boolean {
  return new Set(ids.filter((id) => id !== null)).size > 1;
}

const MOST_NODE_ID_CHARS = 80;

/** Auth sees to it that an agent's node bears its host id; an agentless one has the name that it was registered by. It is shown to people. */
function readNodeId(name: string): string {
  return name.slice(0, MOST_NODE_ID_CHARS).replaceAll(/[^\w.:@/-]/g, '?');
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
