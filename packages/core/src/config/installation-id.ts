import { createHash } from 'node:crypto';
import type { Installation } from '../control/installation.ts';
import type { MusterConfig } from './model.ts';

/**
 * Tells this installation's commands from another Muster's: 12 hexadecimal digits of SHA-256 over the proxy's host and the
 * discovery group. The port does not count: the same cluster may be reached by several.
 */
export function installationId(config: Pick<MusterConfig, 'proxyServer' | 'discoveryGroup'>): string {
  return createHash('sha256')
    .update(JSON.stringify([clusterOf(config), config.discoveryGroup]))
    .digest('hex')
    .slice(0, 12);
}

/** Whose hosts this configuration enrolls, and where: what the ledger keeps of its owner. */
export function installationOf(
  config: Pick<MusterConfig, 'proxyServer' | 'discoveryGroup' | 'matchers'>,
): Installation {
  const ids = config.matchers.flatMap(({ organization }) => organization?.organizationId ?? []);
  return {
    cluster: clusterOf(config),
    group: config.discoveryGroup,
    organizations: [...new Set<string>(ids)].toSorted(),
  };
}

function clusterOf({ proxyServer }: Pick<MusterConfig, 'proxyServer'>): string {
  return (proxyServer ?? '').replace(/:\d+$/, '').toLowerCase();
}
