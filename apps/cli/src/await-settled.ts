import { setTimeout as sleep } from 'node:timers/promises';
import type { MusterConfig } from '@muster/core/config/model';
import {
  isSettled,
  type OrganizationStatus,
  readOrganizationStatus,
} from '@muster/core/reports/organization-status';
import { readWaitingHosts, type WaitingHosts, waitsForAPerson } from '@muster/core/rollout/waiting-hosts';
import type { Ledger } from '@muster/core/control/ledger';

const LOOK_MS = 500;
/**
 * How long nothing may move before a run ends although what is left could go on by itself. Real time, at any simulated speed:
 * work whose process died, or whose hint was lost, is handed out again within a minute.
 */
const PATIENCE_MS = 120_000;
/** The same for an inventory that cannot be read, which is tried every few seconds. Simulated time, and the least of it. */
const INVENTORY_PATIENCE_MS = { simulated: 120_000, least: 15_000 } as const;

/** Where a run that ends by itself has come to. */
export interface Settled {
  readonly status: OrganizationStatus;
  /** Hosts that are ready and not sent to, and why; empty when everything is done. */
  readonly waiting: readonly WaitingHosts[];
}

/**
 * Waits until every target was read and nothing is in flight, or nothing more will happen: what is left waits for a person,
 * or has not moved for minutes.
 *
 * @param onLook called with each look at the status
 * @returns null when `signal` came first
 */
export async function awaitSettled(
  ledger: Ledger,
  config: MusterConfig,
  signal: AbortSignal,
  onLook?: (status: OrganizationStatus) => void,
): Promise<Settled | null> {
  const hasInventory = config.inventory.kind !== 'none';
  let counts = '';
  let stillSinceMs = Date.now();
  while (!signal.aborted) {
    const status = await readOrganizationStatus(ledger, Date.now());
    onLook?.(status);
    if (isSettled(status, hasInventory)) return { status, waiting: [] };
    const now = JSON.stringify([status.instances.byState, status.commands]);
    if (now !== counts) stillSinceMs = Date.now();
    counts = now;
    if (isStill(status)) {
      const waiting = await readWaitingHosts(ledger, config, Date.now());
      const isOver = Date.now() - stillSinceMs > patienceMsOf(waiting, config.speed);
      if (isOver || endsNow(status, waiting, hasInventory)) return { status, waiting };
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function patienceMsOf(waiting: readonly WaitingHosts[], speed: number): number {
  const { simulated, least } = INVENTORY_PATIENCE_MS;
  const isInventory = waiting.some(({ reason }) => reason === 'inventory');
  return isInventory ? Math.max(simulated / speed, least) : PATIENCE_MS;
}

/** Whether nothing is under way that ends by itself soon. */
function isStill({ sweep, commands, instances: { byState } }: OrganizationStatus): boolean {
  const moving = ['discovered', 'sending', 'installing'].some((state) => (byState[state] ?? 0) > 0);
  return sweep.state === 'finished' && commands.live === 0 && !moving;
}

/**
 * Whether all that is left waits for a person. Hosts that were installed come first: they join, or their time is over. So do
 * hosts that were queued when the counts were read and are not any more: a worker sends to them.
 */
function endsNow(
  { instances: { byState } }: OrganizationStatus,
  waiting: readonly WaitingHosts[],
  hasInventory: boolean,
): boolean {
  if (hasInventory && (byState['installed'] ?? 0) > 0) return false;
  const stillQueued = waiting.reduce((sum, { instances }) => sum + instances, 0);
  return stillQueued > 0 && stillQueued === byState['queued'] && waiting.every(waitsForAPerson);
}
