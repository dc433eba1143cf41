import type { HandlerDeps } from '../deps.ts';
import { askSendPermission, withheldMs } from './send-permission.ts';

/** `muster resume` wakes every target itself, so knowing it a second late costs nothing. */
const REMEMBERED_MS = 1_000;

/**
 * When sends may start at the earliest, as far as is known: an epoch ms in the past while they are permitted. For
 * whoever makes work due: hints at sends that are withheld would only make jobs that find that out. The permission
 * itself is asked for right before each send.
 *
 * @returns asked by many at once or within a second, Redis is asked once
 */
export function createSendOutlook(
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock' | 'timings'>,
): () => Promise<number> {
  let known: { readonly untilMs: number; readonly notBeforeMs: Promise<number> } | null = null;
  const ask = async (): Promise<number> => {
    const permission = await askSendPermission(deps);
    return permission.kind === 'granted' ? 0 : deps.clock.now() + withheldMs(permission.reason, deps);
  };
  return async () => {
    const now = deps.clock.now();
    if (known === null || known.untilMs <= now) {
      known = { untilMs: now + REMEMBERED_MS, notBeforeMs: ask() };
    }
    try {
      return await known.notBeforeMs;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}
