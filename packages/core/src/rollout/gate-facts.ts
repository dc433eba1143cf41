/** What the gates of one target's hosts are judged by, read once per target; the gates themselves are pure: see gates.ts. */
import type { MusterConfig } from '../config/model.ts';
import type { Pause } from '../control/findings.ts';
import type { Ledger } from '../control/ledger.ts';
import type { Account } from '../organization/account.ts';
import type { Target } from '../organization/target.ts';
import { type Freeze, freezeOver, type FrozenWork, needsUnits } from './freeze/freeze.ts';
import { type OtherDiscovery, withoutIgnored } from './other-discovery.ts';
import type { RepairRoom } from './cap-store.ts';
import type { RampFacts } from './ramp/ramp-store.ts';
import type { SelectionGate } from './selection/selection-store.ts';
import type { WaveFacts } from './waves/wave-standing.ts';

/** What the gates of one target's hosts are judged by. */
export interface GateFacts {
  readonly target: Target;
  readonly config: MusterConfig;
  /** By scope. */
  readonly pauses: ReadonlyMap<string, Pause>;
  readonly selection: SelectionGate;
  /** How many repairs may begin, over all targets; null for hosts that are claimed, and have their room. */
  readonly repairs: RepairFacts | null;
  /** Discovery Services of Teleport at work, without those that the configuration ignores. */
  readonly others: readonly OtherDiscovery[];
  /** Of the target; null where no gate asks for it, and where it is not known. */
  readonly account: Account | null;
  /** Units above the target's account; empty where no freeze window asks for units. */
  readonly ancestorIds: readonly string[];
  /** Null where there are no waves. */
  readonly waves: WaveFacts | null;
  /** See `RampLedger.index`. */
  readonly ramps: ReadonlyMap<string, RampFacts | null>;
  /** The ledger's time. */
  readonly nowMs: number;
}

/** What repairs are judged by. */
export interface RepairFacts extends RepairRoom {
  /** Whether the snapshot of the inventory is so young that a node that came back by itself is in it; true without an inventory. */
  readonly isSeenNow: boolean;
}

/**
 * Reads what the gates of a target need.
 *
 * @param pauses as they were just read, to spare reading them again
 * @param claimed whether the hosts to be judged are claimed already
 */
export async function readGateFacts(
  {
    ledger,
    config,
    nowMs,
  }: {
    readonly ledger: Pick<
      Ledger,
      'control' | 'caps' | 'coverage' | 'selection' | 'nodes' | 'otherDiscovery' | 'waves' | 'ramps'
    >;
    readonly config: MusterConfig;
    readonly nowMs: number;
  },
  target: Target,
  pauses?: readonly Pause[],
  claimed = false,
): Promise<GateFacts> {
  const all = config.rollout.waves;
  const [known, selection, repairs, found, waves] = await Promise.all([
    pauses ?? ledger.control.pauses(),
    ledger.selection.gate(),
    claimed ? null : readRepairs({ ledger, config, nowMs }),
    ledger.otherDiscovery.read(),
    all.length === 0 ? null : ledger.waves.facts(all, nowMs),
  ]);
  const { hold, ignore } = config.otherDiscovery;
  const others = hold ? withoutIgnored(found.others, ignore) : [];
  const isAsked = others.length > 0 || needsUnits(config.freeze);
  const account = isAsked ? ((await ledger.coverage.account(target.accountId))?.account ?? null) : null;
  const byScope = new Map(known.map((pause) => [pause.scope, pause]));
  const ancestorIds = account?.ancestorIds ?? [];
  // Pauses first: what a resume begins small has its ramp before its pause is gone.
  const { ramps } = await ledger.ramps.index();
  return {
    target,
    config,
    nowMs,
    selection,
    repairs,
    others,
    account,
    ancestorIds,
    waves,
    ramps,
    pauses: byScope,
  };
}

/** A host may rejoin by itself at any moment: its repair is sent by a snapshot no older than this, or than two readings take. */
const SEEN_NOW_MS = 20_000;

async function readRepairs({
  ledger,
  config,
  nowMs,
}: {
  readonly ledger: Pick<Ledger, 'caps' | 'nodes'>;
  readonly config: MusterConfig;
  readonly nowMs: number;
}): Promise<RepairFacts> {
  const [room, { begunAtMs, tookMs = 0 }] = await Promise.all([
    ledger.caps.repairRoom(config.repair),
    ledger.nodes.facts(),
  ]);
  const isYoung = nowMs - begunAtMs <= Math.max(SEEN_NOW_MS / config.speed, 2 * tookMs);
  return { ...room, isSeenNow: isYoung || config.inventory.kind === 'none' };
}

/** The freeze window that holds this work in a target just now. */
export async function readFreeze(
  {
    ledger,
    config,
    nowMs,
  }: {
    readonly ledger: Pick<Ledger, 'coverage'>;
    readonly config: Pick<MusterConfig, 'freeze'>;
    readonly nowMs: number;
  },
  work: FrozenWork,
  target: Target,
): Promise<Freeze | null> {
  const account = needsUnits(config.freeze) ? await ledger.coverage.account(target.accountId) : null;
  const ancestorIds = account?.account.ancestorIds ?? [];
  return freezeOver(config.freeze, work, { ...target, ancestorIds }, nowMs);
}
