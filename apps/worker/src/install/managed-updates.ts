import { isJobError } from '@muster/core/runtime/errors';
import { needsManagedUpdates, type InstallSettings } from '@muster/core/scan/matcher';
import type { HandlerDeps } from '../deps.ts';

/** A send has ten seconds; the proxy answers this without a login in far less. */
const ASK_MS = 3_000;

/**
 * Whether the cluster lacks the managed updates that this installation needs, as Teleport asks before it sends a suffix or
 * an update group. A proxy that does not answer decides nothing: hosts check for themselves whether they reach it.
 */
export async function lacksManagedUpdates(
  install: InstallSettings,
  signal: AbortSignal,
  { teleport }: Pick<HandlerDeps, 'teleport'>,
): Promise<boolean> {
  if (!needsManagedUpdates(install)) return false;
  const asking = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
  try {
    return (await teleport.describeCluster(asking)).managedUpdates === 'off';
  } catch (error) {
    if (!isJobError(error) && !asking.aborted) throw error;
    return false;
  }
}
