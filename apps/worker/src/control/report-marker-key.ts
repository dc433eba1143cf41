import type { HandlerDeps } from '../deps.ts';

/** Says that markers can be forged while there is no key to sign them with, and takes that back when there is one. */
export async function reportMarkerKey({
  config,
  ledger,
  clock,
}: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>): Promise<void> {
  const { control } = ledger;
  if (config.markerKeys.length > 0) {
    await control.clear('marker-key-missing', 'all');
    return;
  }
  await control.raise({
    kind: 'marker-key-missing',
    scope: 'all',
    sinceMs: clock.now(),
    message:
      'A worker has no marker key: a principal that may send commands in a member account can forge Muster’s there, and what workers tell each other through Redis is not signed.',
    remedy:
      'Make a key (openssl rand -hex 32 > marker.key, readable to Muster alone), name it in muster.marker_key_file or set MUSTER_MARKER_KEY, and give it to all workers.',
  });
}
