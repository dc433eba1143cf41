import { type Target, targetId } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';
import type { OwnCommands } from '../install/own-commands.ts';

/** Names the account in which commands bear Muster's marker that Muster did not send. */
export async function reportForeignMarkers(
  target: Target,
  forged: OwnCommands['forged'],
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  if (forged === null) return;
  const { count, last } = forged;
  await deps.ledger.control.raise({
    kind: 'foreign-markers',
    scope: `account:${target.accountId}`,
    sinceMs: deps.clock.now(),
    message: `${count} commands in ${targetId(target)} carry the marker of this installation, and Muster did not send them; the last is ${last.commandId}, requested at ${new Date(last.requestedAtMs).toISOString()}. They are left alone, and count for nothing.`,
    remedy: `Find out who sends them: CloudTrail of the account has the caller of each SendCommand. If that is a worker of Muster, give all workers the same marker key (muster.marker_key_file). muster resume --account ${target.accountId} takes this note away.`,
  });
}

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
