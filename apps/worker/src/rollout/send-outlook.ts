import type { WaitReason } from '@muster/core/rollout/send-wait';
import type { HandlerDeps } from '../deps.ts';
import { askSendPermission, withheldMs } from './send-permission.ts';

/** `muster resume` wakes every target itself, so knowing it a second late costs nothing. */
const REMEMBERED_MS = 1_000;

/** When sends may start at the earliest, as far as is known: in the past (epoch ms), and without a reason, while they are permitted. */
export interface SendOutlook {
  readonly notBeforeMs: number;
  readonly reason: WaitReason | null;
}

/**
 * What is known of the next send. For
 * processes that make work due: jobs for sends that are withheld would only make jobs that find that out. The permission
 * itself is asked for right before each send.
 *
 * @returns asked by many at once or within a second, Redis is asked once
 */
export function createSendOutlook(
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock' | 'timings'>,
): () => Promise<SendOutlook> {
  let known: { readonly untilMs: number; readonly outlook: Promise<SendOutlook> } | null = null;
  const ask = async (): Promise<SendOutlook> => {
    const permission = await askSendPermission(deps);
    if (permission.kind === 'granted') return { notBeforeMs: 0, reason: null };
    const { reason } = permission;
    return { notBeforeMs: deps.clock.now() + withheldMs(reason, deps), reason };
  };
  return async () => {
    const now = deps.clock.now();
    if (known === null || known.untilMs <= now) {
      known = { untilMs: now + REMEMBERED_MS, outlook: ask() };
    }
    try {
      return await known.outlook;
    } catch (error) {
      known = null;
      throw error;
    }
  };
}
