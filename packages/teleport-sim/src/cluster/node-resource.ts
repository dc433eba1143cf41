import type { ClusterIdentity } from './cluster-identity.ts';
import type { SimNode } from './inventory.ts';

/** The two labels by which a discovered node is recognized (`AWSAccountIDLabel`, `AWSInstanceIDLabel`). */
export const ACCOUNT_LABEL = 'teleport.dev/account-id';
export const INSTANCE_LABEL = 'teleport.dev/instance-id';

/** What is laid over the record when it is shown. */
export interface NodeView {
  readonly identity: ClusterIdentity;
  /** The host UUID. */
  readonly nodeId: string;
  readonly expiryMs: number;
  /** Labels that the host's `server_info` resource gave to its agent; null when there are none. */
  readonly givenLabels: Readonly<Record<string, string>> | null;
}

/** A node as `tctl get nodes --format=json` prints it (kind `node`, version `v2`), labels sorted as Go prints maps. */
export function nodeResource(node: SimNode, view: NodeView): object {
  const labels = {
    ...view.givenLabels,
    ...node.extraLabels,
    ...(node.shape?.identityLabels ?? {
      [ACCOUNT_LABEL]: node.accountId,
      [INSTANCE_LABEL]: node.instanceId,
    }),
  };
  const { subKind, dynamicLabels, cloudMetadata = node } = node.shape ?? {};
  const expires = Number.isFinite(view.expiryMs) ? { expires: new Date(view.expiryMs).toISOString() } : {};
  return {
    kind: 'node',
    ...(subKind === undefined ? {} : { sub_kind: subKind }),
    version: 'v2',
    metadata: {
      name: view.nodeId,
      labels: Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))),
      ...expires,
      revision: `${view.nodeId.slice(0, 8)}-${node.joins}`,
    },
    spec: {
      addr: '',
      hostname: node.hostname,
      ...(dynamicLabels === undefined ? {} : { cmd_labels: commandLabels(dynamicLabels) }),
      rotation: {
        current_id: '',
        started: '0001-01-01T00:00:00Z',
        last_rotated: '0001-01-01T00:00:00Z',
        schedule: {
          update_clients: '0001-01-01T00:00:00Z',
          update_servers: '0001-01-01T00:00:00Z',
          standby: '0001-01-01T00:00:00Z',
        },
      },
      use_tunnel: true,
      version: view.identity.serverVersion,
      proxy_ids: [`${view.identity.clusterName}-proxy-1`],
      ...(cloudMetadata === null
        ? {}
        : {
            cloud_metadata: {
              aws: { account_id: cloudMetadata.accountId, instance_id: cloudMetadata.instanceId },
            },
          }),
    },
  };
}

/** What an agent reports of `ssh_service.commands`. */
function commandLabels(labels: Readonly<Record<string, string>>): object {
  const entries = Object.entries(labels).map(([key, result]) => [
    key,
    { period: '1m0s', command: ['cat', `/etc/labels/${key}`], result },
  ]);
  return Object.fromEntries(entries) as object;
}
