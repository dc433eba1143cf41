import type { MusterConfig } from '../config/model.ts';
import type { Pause } from '../control/findings.ts';
import { candidateAt } from '../enrollment/record-codec.ts';
import type { InventoryFacts } from '../inventory/node-store.ts';
import type { Ledger } from '../control/ledger.ts';
import { readGateFacts } from './gate-facts.ts';
import { type ClosedGate, closedGate, gateOfPause } from './gates.ts';
import type { WaitReason } from './send-wait.ts';

/** What hosts that are ready to be sent to wait for. */
export type HostWaitReason =
  | WaitReason
  | 'paused-by-configuration'
  | 'hold'
  | 'inventory-drop'
  | 'back-off'
  /** A cap, the pacing of an API, or the quiet time after a new epoch: it passes by itself. */
  | 'turn';

/** Hosts that wait for the same. */
export interface WaitingHosts {
  readonly reason: HostWaitReason;
  /** The scope that is paused, or what else the reason is about; `all` for what concerns every send. */
  readonly scope: string;
  readonly instances: number;
  /** When the first of them may go on, epoch ms; null when that is not known. */
  readonly untilMs: number | null;
  readonly message: string;
  readonly remedy: string;
  /** Only a person ends it: waiting longer is of no use by itself. */
  readonly needsPerson: boolean;
}

type Obstacle = Omit<WaitingHosts, 'instances'>;

/**
 * Why queued hosts are not sent to, most hosts first. Costs a reading of all records of the targets that hold any: for a
 * run that ends by itself, and not for a page that is shown often.
 */
export async function readWaitingHosts(
  ledger: Pick<
    Ledger,
    | 'control'
    | 'caps'
    | 'coverage'
    | 'enrollments'
    | 'nodes'
    | 'otherDiscovery'
    | 'selection'
    | 'waves'
    | 'ramps'
  >,
  config: MusterConfig,
  nowMs: number,
): Promise<readonly WaitingHosts[]> {
  const [pauses, hold, facts, targets] = await Promise.all([
    ledger.control.pauses(),
    ledger.control.hold(config.limits.holdFirstSend),
    ledger.nodes.facts(),
    ledger.enrollments.targetsWith({ state: 'queued' }, { state: 'lost' }),
  ]);
  const ofAll =
    ofConfiguration(config) ?? ofPauseOfAll(pauses) ?? ofHold(hold) ?? ofInventory(facts, config, nowMs);
  const waiting = new Map<string, WaitingHosts>();
  for (const target of targets) {
    const gates = await readGateFacts({ ledger, config, nowMs }, target, pauses);
    for (const { value } of (await ledger.enrollments.readAll(target)).values()) {
      const atMs = value.state === 'queued' || value.state === 'lost' ? candidateAt(value) : null;
      if (atMs === null) continue;
      const why = ofAll ?? ofGate(closedGate(gates, value)) ?? ofTime(atMs, nowMs);
      const key = `${why.reason} ${why.scope}`;
      const before = waiting.get(key);
      const times = [before?.untilMs ?? null, why.untilMs].filter((time) => time !== null);
      const untilMs = times.length === 0 ? null : Math.min(...times);
      waiting.set(key, { ...why, untilMs, instances: (before?.instances ?? 0) + 1 });
    }
  }
  return [...waiting.values()].toSorted((a, b) => b.instances - a.instances);
}

function ofGate(closed: ClosedGate | null): Obstacle | null {
  if (closed === null) return null;
  const { subject, ...rest } = closed;
  return { ...rest, scope: subject };
}

function ofTime(atMs: number, nowMs: number): Obstacle {
  if (atMs > nowMs) {
    return {
      reason: 'back-off',
      scope: 'all',
      untilMs: atMs,
      message: 'wait until they may be tried again',
      remedy: 'Nothing to do; muster retry tries them at once.',
      needsPerson: false,
    };
  }
  return {
    reason: 'turn',
    scope: 'all',
    untilMs: null,
    message: 'wait for their turn: a cap, the rate of an API, or the first minute after a start',
    remedy: 'Nothing to do.',
    needsPerson: false,
  };
}

function ofConfiguration(config: MusterConfig): Obstacle | null {
  if (!config.paused && config.enabled) return null;
  const key = config.paused ? 'muster.paused' : 'discovery_service.enabled';
  return {
    reason: 'paused-by-configuration',
    scope: 'all',
    untilMs: null,
    message: `wait because ${config.paused ? `${key} is true` : `${key} is not true`}`,
    remedy: `Set ${key} to ${config.paused ? 'false' : 'true'} and run it again.`,
    needsPerson: true,
  };
}

function ofPauseOfAll(pauses: readonly Pause[]): Obstacle | null {
  const pause = pauses.find(({ scope }) => scope === 'all');
  return pause === undefined ? null : ofGate(gateOfPause(pause));
}

function ofHold(hold: 'held' | 'released'): Obstacle | null {
  if (hold === 'released') return null;
  return {
    reason: 'hold',
    scope: 'all',
    untilMs: null,
    message: 'wait because nothing is sent before an operator says so (muster.limits.hold_first_send)',
    remedy:
      'Look at what was found (muster instances --state queued), then: muster resume --all, and run it again',
    needsPerson: true,
  };
}

function ofInventory(facts: InventoryFacts, { inventory }: MusterConfig, nowMs: number): Obstacle | null {
  if (inventory.kind === 'none') return null;
  const all = { scope: 'all', untilMs: null } as const;
  if (facts.dropped) {
    return {
      ...all,
      reason: 'inventory-drop',
      message: `wait because ${facts.error ?? 'the inventory became much smaller'}`,
      remedy:
        'Check what the identity of tctl may see; when the nodes are really gone, run: muster resume --all',
      needsPerson: true,
    };
  }
  if (facts.generation !== null && nowMs - facts.begunAtMs <= inventory.freshnessMs) return null;
  const age =
    facts.generation === null
      ? 'was never read'
      : `is ${Math.round((nowMs - facts.begunAtMs) / 1_000)} s old`;
  return {
    ...all,
    reason: 'inventory',
    message: `wait because the node inventory ${age}${facts.error === null ? '' : `: ${facts.error}`}`,
    remedy: 'Run by hand what the worker runs: tctl get nodes --format=json',
    needsPerson: false,
  };
}
