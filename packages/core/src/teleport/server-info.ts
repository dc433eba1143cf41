import type { NodeLabelsUntil } from '../inventory/teleport-port.ts';
import { runTctl } from './tctl.ts';
import type { TctlCommand } from './tctl-process.ts';

/**
 * A node's labels as Teleport's resource. The kind, its fields and the name by which Auth finds the node are those of
 * gravitational/teleport: `api/types/server_info.go` (`ServerInfoNameFromAWS`: `aws-ACCOUNT-INSTANCE`), applied to running
 * agents by `lib/auth/server_info.go`, written by `lib/srv/discovery/reconciler.go`, created by
 * `tool/tctl/common/resources/server_info.go` (which needs the verbs create, read and update on `server_info`).
 */
export function serverInfo({ accountId, instanceId, labels, untilMs }: NodeLabelsUntil): object {
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
export async function putServerInfos(
  tctl: TctlCommand,
  nodes: readonly NodeLabelsUntil[],
  signal: AbortSignal,
): Promise<void> {
  await runTctl(tctl, ['create', '-f'], serverInfoStream(nodes), signal);
}
