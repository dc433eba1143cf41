/** Who the simulated cluster says it is. */
export interface ClusterIdentity {
  readonly clusterName: string;
  /** `host:port` that agents are told to connect to. */
  readonly publicAddr: string;
  /** Without the leading `v`. */
  readonly serverVersion: string;
  readonly edition: 'oss' | 'ent' | 'community';
  /** Whether agents update themselves; off, `install.suffix` and `update_group` are refused by Teleport. */
  readonly automaticUpgrades: boolean;
}

/** The major version, as installer templates see it. */
export function majorVersion(identity: ClusterIdentity): string {
  return `v${identity.serverVersion.split('.')[0] ?? ''}`;
}

/** The package that agents install. */
export function teleportPackage(identity: ClusterIdentity): 'teleport' | 'teleport-ent' {
  return identity.edition === 'ent' ? 'teleport-ent' : 'teleport';
}
