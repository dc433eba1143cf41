import type { InventorySettings } from '../config/model.ts';
import { JobError } from '../runtime/errors.ts';
import type { TeleportPort, NodeLabelsUntil } from '../inventory/teleport-port.ts';
import { findCluster, fetchInstaller } from './find.ts';
import { readDiscovery } from './discovery-services.ts';
import { findJoinToken } from './join-token.ts';
import { findNode, removeNode } from './single-node.ts';
import { listNodesByTctl, runTctl } from './tctl.ts';
import type { TctlCommand } from './tctl-process.ts';

/** What the Teleport adapter is built from. */
interface TeleportAdapterDeps {
  /** Host and port of the proxy; null when the configuration names none, and then nothing can be asked. */
  readonly proxyServer: string | null;
  readonly inventory: InventorySettings;
  /** Whether a proxy on loopback is spoken to over http, as the simulator's is. Any other host always gets https. @default true */
  readonly insecureLoopback?: boolean;
}

/** Teleport as Muster sees it: the proxy's public facts, and the node inventory through `tctl`. */
export function createTeleportAdapter(deps: TeleportAdapterDeps): TeleportPort {
  return {
    async describeCluster(signal) {
      if (deps.proxyServer === null) {
        throw new JobError('config.invalid', 'teleport.proxy_server is not configured', { retry: 'never' });
      }
      return findCluster(deps.proxyServer, deps.insecureLoopback ?? true, signal);
    },
    fetchInstaller: (proxy, scriptName, signal) =>
      fetchInstaller(proxy, scriptName, deps.insecureLoopback ?? true, signal),
    findToken: (name, signal) => findJoinToken(requireTctl(deps.inventory), name, signal),
    listNodes: (signal, onOdd) => listNodesByTctl(requireTctl(deps.inventory), signal, onOdd),
    readDiscovery: (signal) => readDiscovery(requireTctl(deps.inventory), signal),
    findNode: (nodeId, signal) => findNode(requireTctl(deps.inventory), nodeId, signal),
    removeNode: (nodeId, signal) => removeNode(requireTctl(deps.inventory), nodeId, signal),
    putLabels: (nodes, signal) => putServerInfos(requireTctl(deps.inventory), nodes, signal),
  };
}

function requireTctl(inventory: InventorySettings): Extract<InventorySettings, { kind: 'tctl' }> {
  if (inventory.kind === 'tctl') return inventory;
  throw new JobError('config.invalid', 'no node inventory is configured', { retry: 'never' });
}

/**
 * A node's labels as Teleport's resource. The kind, its fields and the name by which Auth finds the node are those of
 * gravitational/teleport: `api/types/server_info.go` (`ServerInfoNameFromAWS`: `aws-ACCOUNT-INSTANCE`), applied to running
 * agents by `lib/auth/server_info.go`, written by `lib/srv/discovery/reconciler.go`, created by
 * `tool/tctl/common/resources/server_info.go` (which needs the verbs create, read and update on `server_info`).
 */
function serverInfo({ accountId, instanceId, labels, untilMs }: NodeLabelsUntil): object {
  return {
    kind: 'server_info',
    version: 'v1',
    metadata: { name: `aws-${accountId}-${instanceId}`, expires: new Date(untilMs).toISOString() },
    spec: { new_labels: labels },
  };
}

/**
 * The input of `tctl create`: JSON values, one per line. It begins with a brace, so tctl reads it as JSON (its decoder is
 * Kubernetes' YAMLOrJSONDecoder), where any text can stand; and all of it is ASCII, since YAML forbids some characters.
 */
export function serverInfoStream(nodes: readonly NodeLabelsUntil[]): string {
  const lines = nodes.map((node) => JSON.stringify(serverInfo(node)));
  return `${lines.join('\n')}\n`.replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Creates or replaces the resources, through one run of `tctl create -f` that reads them from its standard input. */
async function putServerInfos(
  tctl: TctlCommand,
  nodes: readonly NodeLabelsUntil[],
  signal: AbortSignal,
): Promise<void> {
  await runTctl(tctl, ['create', '-f'], serverInfoStream(nodes), signal);
}
