import type { InventorySettings } from '../config/model.ts';
import { JobError } from '../runtime/errors.ts';
import type { TeleportPort } from '../inventory/teleport-port.ts';
import { findCluster } from './find.ts';
import { fetchInstaller } from './installer.ts';
import { findJoinToken } from './join-token.ts';
import { putServerInfos } from './server-info.ts';
import { listNodesByTctl } from './tctl.ts';

/** What the Teleport adapter is built from. */
export interface TeleportAdapterDeps {
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
    putLabels: (nodes, signal) => putServerInfos(requireTctl(deps.inventory), nodes, signal),
  };
}

function requireTctl(inventory: InventorySettings): Extract<InventorySettings, { kind: 'tctl' }> {
  if (inventory.kind === 'tctl') return inventory;
  throw new JobError('config.invalid', 'no node inventory is configured', { retry: 'never' });
}
