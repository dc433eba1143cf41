/** The way in: one call starts a simulated Teleport cluster on loopback. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createSimClock } from './clock.ts';
import { Cluster } from './cluster/cluster.ts';
import type { ClusterIdentity } from './cluster/cluster-identity.ts';
import { Inventory } from './cluster/inventory.ts';
import { DEFAULT_TOKEN_NAME, type JoinToken } from './cluster/join-tokens.ts';
import { changeFaults, type Faults, NO_FAULTS } from './faults/faults.ts';
import { createClusterServer } from './server/http-server.ts';

/** How the cluster starts. Everything has a default. */
export interface TeleportSimOptions {
  /** 0 takes a free port. @default 0 */
  readonly port?: number;
  /** Loopback unless there is a reason, such as a container of its own. @default '127.0.0.1' */
  readonly host?: string;
  /** Node ids and visibility delays follow from it. @default '1' */
  readonly seed?: string | number;
  /** Simulated milliseconds per real one. @default 1 */
  readonly speed?: number;
  /** The organization that the default token allows; absent: any. */
  readonly organizationId?: string;
  /** @default one IAM token `aws-discovery-iam-token` for the organization */
  readonly tokens?: readonly JoinToken[];
  /** Custom installer scripts by name, as Teleport templates. */
  readonly installers?: Readonly<Record<string, string>>;
  /** `publicAddr` defaults to the address it listens on. */
  readonly cluster?: Partial<ClusterIdentity>;
  /** Simulated delay from a join to being listed. @default 300 to 2,000 ms */
  readonly visibilityDelayMs?: { readonly min: number; readonly max: number };
  /** Simulated time an offline node stays listed. @default 600,000 ms, as in Teleport */
  readonly nodeTtlMs?: number;
  readonly faults?: Partial<Faults>;
}

/** A running simulator. */
export interface TeleportSim {
  /** `http://host:port`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Changes the faults given and leaves the rest; throws RangeError for an unknown one. */
  setFaults(change: Partial<Faults>): void;
  /** Adds a join token, or replaces the one of that name. */
  setToken(token: JoinToken): void;
  /** Joined hosts that the inventory shows now. */
  visibleNodes(): number;
  /** Stops listening and drops open connections. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts a cluster. Rejects when the port is taken; throws RangeError for faults or a speed that cannot be. */
export async function startTeleportSim(options: TeleportSimOptions = {}): Promise<TeleportSim> {
  const host = options.host ?? '127.0.0.1';
  const faults = changeFaults(NO_FAULTS, options.faults ?? {});
  if (!faults.ok) throw new RangeError(faults.error);
  const clock = createSimClock(options.speed ?? 1);
  const identity = { ...DEFAULT_IDENTITY, ...options.cluster };
  const inventory = new Inventory({
    clock,
    seed: String(options.seed ?? 1),
    visibilityDelayMs: options.visibilityDelayMs ?? { min: 300, max: 2_000 },
    nodeTtlMs: options.nodeTtlMs ?? 600_000,
  });
  const organization = options.organizationId === undefined ? {} : { organizationId: options.organizationId };
  const cluster = new Cluster({
    identity,
    clock,
    inventory,
    tokens: options.tokens ?? [{ name: DEFAULT_TOKEN_NAME, allow: [organization] }],
    installers: options.installers ?? {},
    faults: faults.faults,
  });
  const server = createClusterServer(cluster);
  server.listen(options.port ?? 0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  if (identity.publicAddr === '') identity.publicAddr = `${host}:${port}`;
  return {
    url: `http://${host}:${port}`,
    port,
    setFaults: (change) => {
      const error = cluster.changeFaults(change);
      if (error !== null) throw new RangeError(error);
    },
    setToken: (token) => {
      cluster.setToken(token);
    },
    visibleNodes: () => inventory.counts().visible,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

const DEFAULT_IDENTITY: ClusterIdentity = {
  clusterName: 'teleport.sim.internal',
  publicAddr: '',
  serverVersion: '18.5.1',
  edition: 'ent',
  automaticUpgrades: false,
};
