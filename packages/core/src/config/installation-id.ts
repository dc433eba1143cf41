import { createHash } from 'node:crypto';
import type { MusterConfig } from './model.ts';

/**
 * Tells this installation's commands from another Muster's: 12 hexadecimal digits of SHA-256 over the proxy's host and the
 * discovery group. The port does not count: the same cluster may be reached by several.
 */
export function installationId(config: Pick<MusterConfig, 'proxyServer' | 'discoveryGroup'>): string {
  const host = (config.proxyServer ?? '').replace(/:\d+$/, '').toLowerCase();
  return createHash('sha256')
    .update(JSON.stringify([host, config.discoveryGroup]))
    .digest('hex')
    .slice(0, 12);
}
