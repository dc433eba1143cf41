import type { MusterConfig } from '../config/model.ts';
import { type Pause, PAUSERS } from '../control/findings.ts';
import { pausedBy, scopeFlag } from '../control/scope.ts';
import type { EnrollmentRecord } from '../enrollment/record.ts';
import type { Target } from '../organization/target.ts';
import type { InventoryFacts } from '../inventory/node-store.ts';
import type { Ledger } from '../control/ledger.ts';

/** What hosts that are ready to be sent to wait for. */
export type WaitReason =
  | 'paused-by-configuration'
  | 'hold'
  | 'paused'
  | 'brake'
  | 'inventory-drop'
  | 'inventory'
  | 'back-off'
  /** A cap, the pacing of an API, or the quiet time after a new epoch: it passes by itself. */
  | 'turn';

/** Hosts that wait for the same. */
export interface WaitingHosts {
  readonly reason: WaitReason;
  /** The scope that is paused; `all` for what concerns every send. */
  readonly scope: string;
  readonly instances: number;
  /** When the first of them may go on, epoch ms; null when that is not known. */
  readonly untilMs: number | null;
  readonly message: string;
  readonly remedy: string;
}

/** Reasons that only a person ends. */
const FOR_A_PERSON: ReadonlySet<WaitReason> = new Set([
  'paused-by-configuration',
  'hold',
  'paused',
  'brake',
  'inventory-drop',
]);

/** Whether waiting longer is of no use by itself. */
export function waitsForAPerson({ reason }: WaitingHosts): boolean {
  return FOR_A_PERSON.has(reason);
}

/** What stands in the way of every send, or of those of a scope. */
interface Obstacles {
  readonly all: Omit<WaitingHosts, 'instances'> | null;
  readonly pauses: ReadonlyMap<string, Pause>;
}

/**
 * Why queued hosts are not sent to, most hosts first. Costs a reading of all records of the targets that hold any: for a
 * run that ends by itself, and not for a page that is shown often.
 */
export async function readWaitingHosts(
  ledger: Pick<Ledger, 'control' | 'enrollments' | 'nodes'>,
  config: MusterConfig,
  nowMs: number,
): Promise<readonly WaitingHosts[]> {
  const [pauses, hold, facts, targets] = await Promise.all([
    ledger.control.pauses(),
    ledger.control.hold(config.limits.holdFirstSend),
    ledger.nodes.facts(),
    ledger.enrollments.targetsWith({ state: 'queued' }),
  ]);
  const byScope = new Map<string, Pause>(pauses.map((pause) => [pause.scope, pause]));
  const obstacles: Obstacles = {
    all:
      ofConfiguration(config) ??
      ofPause(byScope.get('all')) ??
      ofHold(hold) ??
      ofInventory(facts, config, nowMs),
    pauses: byScope,
  };
  const waiting = new Map<string, WaitingHosts>();
  for (const target of targets) {
    for (const { value } of (await ledger.enrollments.readAll(target)).values()) {
      if (value.state !== 'queued') continue;
      const why = obstacleOf(target, value, obstacles, nowMs);
      const key = `${why.reason} ${why.scope}`;
      const before = waiting.get(key);
      const times = [before?.untilMs ?? null, why.untilMs].filter((time) => time !== null);
      const untilMs = times.length === 0 ? null : Math.min(...times);
      waiting.set(key, { ...why, untilMs, instances: (before?.instances ?? 0) + 1 });
    }
  }
  return [...waiting.values()].toSorted((a, b) => b.instances - a.instances);
}

type Obstacle = Omit<WaitingHosts, 'instances'>;

function obstacleOf(
  target: Target,
  record: Extract<EnrollmentRecord, { state: 'queued' }>,
  { all, pauses }: Obstacles,
  nowMs: number,
): Obstacle {
  if (all !== null) return all;
  const scope = pausedBy(new Set(pauses.keys()), { ...target, instanceId: record.instanceId, cause: null });
  const paused = scope === null ? null : ofPause(pauses.get(scope));
  if (paused !== null) return paused;
  if (record.readyAtMs > nowMs) {
    return {
      reason: 'back-off',
      scope: 'all',
      untilMs: record.readyAtMs,
      message: 'wait until they may be tried again',
      remedy: 'Nothing to do; muster retry tries them at once.',
    };
  }
  return {
    reason: 'turn',
    scope: 'all',
    untilMs: null,
    message: 'wait for their turn: a cap, the rate of an API, or the first minute after a start',
    remedy: 'Nothing to do.',
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
  };
}

function ofPause(pause: Pause | undefined): Obstacle | null {
  if (pause === undefined) return null;
  const { scope, by, reason } = pause;
  const who = `${PAUSERS[by].toLowerCase()} ${by === 'brake' ? 'stopped' : 'paused'} ${scope}`;
  return {
    reason: by === 'brake' ? 'brake' : 'paused',
    scope,
    untilMs: null,
    message: `wait because ${who}${reason === '' ? '' : `: ${reason}`}`,
    remedy: `${by === 'brake' ? 'Fix what fails (muster instances --state failed), then' : 'When it may go on,'} run: muster resume ${scopeFlag(scope)}`,
  };
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
  };
}
