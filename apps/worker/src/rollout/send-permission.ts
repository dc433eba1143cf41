import type { Finding, Pause } from '@muster/core/control/findings';
import { type Freeze, freezeOver } from '@muster/core/rollout/freeze/freeze';
import type { WaitReason } from '@muster/core/rollout/send-wait';
import type { HandlerDeps } from '../deps.ts';

/** Whether anything may be sent at all just now. */
export type SendPermission =
  | { readonly kind: 'granted'; readonly pauses: readonly Pause[] }
  | { readonly kind: 'withheld'; readonly reason: WithholdingReason; readonly freeze?: Freeze };

/** `organization`: the credentials read another organization than the configuration names. */
type WithholdingReason = 'paused' | 'brake' | 'held' | 'inventory' | 'organization' | 'freeze';

/** Findings that are cleared once sends are no longer withheld for their reason. */
const WITHHOLDING = ['paused-by-configuration', 'hold-first-send'] as const;

/**
 * Asks everything that can stop every send: the configuration's pause, the operator's, the hold before the first send, a freeze
 * window over everything, credentials of another organization, and an inventory too old to know which hosts have joined. Each has a finding while it
 * lasts; other processes raise some of them.
 *
 * Asked before every send, so all questions go to Redis together, and it is written to only where something is to change.
 *
 * @param work what is to be done: a freeze window may hold the one and not the other
 */
export async function askSendPermission(
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>,
  work: 'sends' | 'clean-up' = 'sends',
): Promise<SendPermission> {
  const { config, ledger } = deps;
  const { control } = ledger;
  if (config.paused || !config.enabled) {
    await control.raise(
      finding(
        deps,
        'paused-by-configuration',
        `${config.paused ? 'muster.paused is true' : 'discovery_service.enabled is not true'}: nothing is sent.`,
        config.paused ? 'Set muster.paused to false.' : 'Set discovery_service.enabled to true.',
      ),
    );
    return { kind: 'withheld', reason: 'paused' };
  }
  const [raised, pauses, hold, isFresh] = await Promise.all([
    control.raised([...WITHHOLDING, 'organization-mismatch'], 'all'),
    control.pauses(),
    control.hold(config.limits.holdFirstSend),
    isInventoryFresh(deps),
  ]);
  if (raised.has('organization-mismatch')) return { kind: 'withheld', reason: 'organization' };
  const clear = async (kind: (typeof WITHHOLDING)[number]): Promise<void> => {
    if (raised.has(kind)) await control.clear(kind, 'all');
  };
  await clear('paused-by-configuration');
  const ofAll = pauses.find(({ scope }) => scope === 'all');
  if (ofAll !== undefined) return { kind: 'withheld', reason: ofAll.by === 'brake' ? 'brake' : 'paused' };
  if (hold === 'held') {
    await control.raise(
      finding(
        deps,
        'hold-first-send',
        `${await whyHeld(deps)} Nothing is sent until an operator says so.`,
        'Look at what was found (muster status, muster instances --state queued), then run: muster resume --all',
      ),
    );
    return { kind: 'withheld', reason: 'held' };
  }
  await clear('hold-first-send');
  const freeze = freezeOfAll(deps, work);
  if (freeze !== null) return { kind: 'withheld', reason: 'freeze', freeze };
  return isFresh ? { kind: 'granted', pauses } : { kind: 'withheld', reason: 'inventory' };
}

/** A Redis that was emptied has forgotten who let the sends go: nodes that have joined tell it from a first run. */
async function whyHeld({ ledger }: Pick<HandlerDeps, 'ledger'>): Promise<string> {
  const { nodes } = await ledger.nodes.facts();
  return nodes > 0
    ? `Teleport has ${nodes} nodes already, and no operator's word for sends is recorded: Redis was emptied, or they joined before Muster's first run.`
    : "No operator's word for sends is recorded: this is a first run, or Redis was emptied.";
}

/** The window in which nothing of this goes anywhere; of sends neither a first one nor a repair. */
function freezeOfAll(
  { config, clock }: Pick<HandlerDeps, 'config' | 'clock'>,
  work: 'sends' | 'clean-up',
): Freeze | null {
  const windows =
    work === 'sends' ? config.freeze.filter(({ holds }) => holds.includes('repairs')) : config.freeze;
  return freezeOver(windows, work, null, clock.now());
}

/**
 * How long to wait before asking again. The inventory comes back by itself, and a freeze ends at its time; the rest is lifted by
 * a person, who wakes the targets.
 */
export function withheldMs(
  { reason, freeze }: Extract<SendPermission, { kind: 'withheld' }>,
  { timings, clock }: Pick<HandlerDeps, 'timings' | 'clock'>,
): number {
  if (freeze !== undefined) return Math.min(Math.max(0, freeze.untilMs - clock.now()), timings.frozenMs);
  return reason === 'inventory' ? timings.retryMs : timings.heldMs;
}

/** An instance that has joined must not be sent to, so a recent inventory is needed. */
async function isInventoryFresh(deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>): Promise<boolean> {
  const { inventory } = deps.config;
  if (inventory.kind === 'none') return true;
  const facts = await deps.ledger.nodes.facts();
  const fresh = facts.generation !== null && deps.clock.now() - facts.begunAtMs <= inventory.freshnessMs;
  return fresh && !facts.dropped;
}

function finding(
  deps: Pick<HandlerDeps, 'clock'>,
  kind: Finding['kind'],
  message: string,
  remedy: string,
): Finding {
  return { kind, scope: 'all', sinceMs: deps.clock.now(), message, remedy };
}

/** `muster resume` wakes every target itself, so knowing it a second late costs nothing. */
const REMEMBERED_MS = 1_000;

/** When sends may start at the earliest, as far as is known: in the past (epoch ms), and without a reason, while they are permitted. */
export interface SendOutlook {
  readonly notBeforeMs: number;
  readonly reason: WaitReason | null;
  /** See `SendWait`. */
  readonly subject: string | null;
  /** When the wait ends at the latest, as far as that is known; epoch ms. */
  readonly untilMs: number | null;
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
    if (permission.kind === 'granted') return { notBeforeMs: 0, reason: null, subject: null, untilMs: null };
    const { reason, freeze } = permission;
    return {
      notBeforeMs: deps.clock.now() + withheldMs(permission, deps),
      reason,
      subject: freeze?.name ?? null,
      untilMs: freeze?.untilMs ?? null,
    };
  };
  return async () => {
    const now = deps.clock.monotonicMs();
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
