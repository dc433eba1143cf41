import type { Finding } from '@muster/core/domain/control';
import type { HandlerDeps } from '../deps.ts';

/** Whether anything may be sent at all just now. */
export type SendPermission =
  | { readonly kind: 'granted'; readonly pauses: ReadonlySet<string> }
  | { readonly kind: 'withheld'; readonly reason: 'paused' | 'held' | 'inventory' };

/**
 * Asks everything that can stop every send: the configuration's pause, the operator's, the hold before the first send,
 * and an inventory too old to know who has joined. Each leaves a finding while it lasts.
 */
export async function askSendPermission(
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>,
): Promise<SendPermission> {
  const { control } = deps.ledger;
  if (deps.config.paused || !deps.config.enabled) {
    await control.raise(
      finding(
        deps,
        'paused-by-configuration',
        `${deps.config.paused ? 'muster.paused is true' : 'discovery_service.enabled is not true'}: nothing is sent.`,
        deps.config.paused ? 'Set muster.paused to false.' : 'Set discovery_service.enabled to true.',
      ),
    );
    return { kind: 'withheld', reason: 'paused' };
  }
  await control.clear('paused-by-configuration', 'all');
  const pauses = new Set<string>((await control.pauses()).map((pause) => pause.scope));
  if (pauses.has('all')) return { kind: 'withheld', reason: 'paused' };
  if ((await control.hold(deps.config.limits.holdFirstSend)) === 'held') {
    await control.raise(
      finding(
        deps,
        'hold-first-send',
        'This is a first run: nothing is sent until an operator says so.',
        'Look at what was found (muster status, muster instances --state queued), then run: muster resume --all',
      ),
    );
    return { kind: 'withheld', reason: 'held' };
  }
  await control.clear('hold-first-send', 'all');
  return (await isInventoryFresh(deps))
    ? { kind: 'granted', pauses }
    : { kind: 'withheld', reason: 'inventory' };
}

/** How long to wait before asking again. The inventory comes back by itself; the rest is lifted by a person, who wakes the targets. */
export function withheldMs(
  reason: 'paused' | 'held' | 'inventory',
  { timings }: Pick<HandlerDeps, 'timings'>,
): number {
  return reason === 'inventory' ? timings.retryMs : timings.heldMs;
}

/** An instance that has joined must not be sent to, so who has joined must be known. */
async function isInventoryFresh(deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>): Promise<boolean> {
  const { inventory } = deps.config;
  if (inventory.kind === 'none') return true;
  const facts = await deps.ledger.nodes.facts();
  const dropped = facts.error?.startsWith('drop') === true;
  const fresh = facts.generation !== null && deps.clock.now() - facts.readAtMs <= inventory.freshnessMs;
  return fresh && !dropped;
}

function finding(
  deps: Pick<HandlerDeps, 'clock'>,
  kind: Finding['kind'],
  message: string,
  remedy: string,
): Finding {
  return { kind, scope: 'all', sinceMs: deps.clock.now(), message, remedy };
}
