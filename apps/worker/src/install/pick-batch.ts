import type { GateFacts } from '@muster/core/rollout/gate-facts';
import { type ClosedGate, closedGate, OF_READING } from '@muster/core/rollout/gates';
import { isRepair, type StoredRecord } from '@muster/core/enrollment/record';
import { ORGANIZATION_MEMBER } from '@muster/core/jobs/catalog';
import { InstanceId, type MatcherKey } from '@muster/core/organization/ids';
import type { Matcher } from '@muster/core/scan/matcher';
import { targetId, type Target } from '@muster/core/organization/target';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import { candidateAt } from '@muster/core/enrollment/record-codec';
import { setAsideUnreadable } from '../enrollment/repair-ledger.ts';
import type { HandlerDeps } from '../deps.ts';
import { type Doubt, raiseUntrusted } from '../control/untrusted-ledger.ts';
import type { Wave } from '@muster/core/rollout/waves/wave';
import type { SealedRecord, TargetRecords } from '@muster/core/enrollment/seal';

/** Candidates looked at for one batch: more than a batch, since some are paused or have joined. */
const LOOK_AT = 200;

/** An instance that may be claimed, as it was read. */
export type Candidate = SealedRecord & { readonly instanceId: InstanceId };

/** Candidates that share one command. */
export interface Batch {
  readonly matcher: Matcher;
  /** To which all of them belong; null where there are no waves. */
  readonly wave: Wave | null;
  readonly candidates: readonly Candidate[];
  /** Whether all of them had joined before; else none had. */
  readonly repairs: boolean;
}

/** What may be sent now: `batch` is null when there is nothing. */
export interface PickedBatch {
  readonly batch: Batch | null;
  /** What keeps those that wait, of several what opens first. */
  readonly closed: ClosedGate | null;
  /** The matcher and the first wave of hosts whose waves have no room under caps of their own; null where that is not why there is no batch. */
  readonly full: { readonly matcher: MatcherKey; readonly wave: string } | null;
}

/** By what a batch is picked. */
interface Choice {
  /** Those that cover the target, in file order. */
  readonly matchers: readonly Matcher[];
  /** Matchers whose first installs are left out; their repairs are not. @default none */
  readonly waiting?: ReadonlySet<MatcherKey>;
  readonly gates: GateFacts;
  /** Hosts of a batch at most. */
  readonly limit: number;
}

/** Candidates that share one command. What has joined meanwhile is recorded and left out. */
export async function pickBatch(
  target: Target,
  choice: Choice,
  deps: HandlerDeps,
  lookAt = LOOK_AT,
): Promise<PickedBatch> {
  const { matchers, waiting, gates, limit } = choice;
  const { records, isAll } = await readCandidates(target, deps, lookAt);
  const joined = await deps.ledger.nodes.find(target.accountId, [...records.keys()]);
  if (joined.size > 0) {
    await applyEvents(deps, target, records, (id) => {
      const nodeId = joined.get(id);
      return nodeId === undefined ? [] : [{ kind: 'node-seen', nodeId }];
    });
  }
  // A command may be live on an instance whose record does not know it: one adopted before its record was there.
  const intents = await deps.ledger.enrollments.intents(target);
  const open = new Set(intents.flatMap(({ value }) => value.instanceIds));
  const free: Candidate[] = [];
  let closed: ClosedGate | null = null;
  for (const [instanceId, stored] of records) {
    if (open.has(instanceId) || joined.has(instanceId) || isLeftForLater(stored.value, deps)) continue;
    const gate = closedGate(gates, stored.value);
    if (gate !== null) {
      if (closed === null || opensEarlier(gate, closed)) closed = gate;
      continue;
    }
    // A repair waits for no ramp, and for no wave.
    const isFree = isRepair(stored.value) || waiting?.has(stored.value.matcherKey) !== true;
    if (isFree) free.push({ ...stored, instanceId });
  }
  if (closed === OF_READING) await askForReading(deps);
  // Those that wait must not hide the others behind them.
  if (free.length === 0 && !isAll) return pickBatch(target, choice, deps, 4 * lookAt);
  const matcher = await ownerOf(free, matchers, target, deps);
  if (matcher === null) return { batch: null, closed, full: null };
  const own = free.filter((one) => one.value.matcherKey === matcher.key);
  // Repairs have caps of their own, which the claim takes for a whole batch; no wave holds them up.
  const repairs = own.some(({ value }) => isRepair(value));
  const candidates = own.filter(({ value }) => isRepair(value) === repairs);
  if (repairs) {
    const most = Math.min(limit, gates.repairs?.room ?? limit);
    const batch = { matcher, wave: null, candidates: candidates.slice(0, most), repairs };
    return { batch, closed, full: null };
  }
  const { wave, room } = waveOfBatch(gates, candidates);
  if (room === 0) return { batch: null, closed, full: { matcher: matcher.key, wave: wave?.name ?? '' } };
  const ofWave = candidates.filter(({ value }) => wave === null || value.wave === wave.name);
  const batch = { matcher, wave, candidates: ofWave.slice(0, Math.min(limit, room)), repairs };
  return { batch, closed, full: null };
}

/** The first wave of these that has room under its own cap, and how much; the first one where none has. */
function waveOfBatch(
  { waves }: GateFacts,
  candidates: readonly Candidate[],
): { readonly wave: Wave | null; readonly room: number } {
  if (waves === null) return { wave: null, room: Number.POSITIVE_INFINITY };
  const names = new Set(candidates.map(({ value }) => value.wave));
  const found = waves.waves
    .filter(({ name }) => names.has(name))
    .map((wave) => {
      const underWay = waves.progress.get(wave.name)?.underWay ?? 0;
      const room = wave.inFlight === null ? Number.POSITIVE_INFINITY : wave.inFlight - underWay;
      return { wave, room: Math.max(0, room) };
    });
  return found.find(({ room }) => room > 0) ?? { wave: found[0]?.wave ?? null, room: 0 };
}

function opensEarlier(one: ClosedGate, other: ClosedGate): boolean {
  if (one === OF_READING || other === OF_READING) return one === OF_READING;
  return (one.untilMs ?? Number.POSITIVE_INFINITY) < (other.untilMs ?? Number.POSITIVE_INFINITY);
}

/** A repair goes by what the inventory shows now. */
async function askForReading({ ledger }: Pick<HandlerDeps, 'ledger'>): Promise<void> {
  await ledger.due.schedule('inventory', [ORGANIZATION_MEMBER]);
}

/**
 * The records of those who may be claimed now. Redis is not believed: what is listed without being an instance's id, or
 * otherwise than its record says, is taken off the list and told; what cannot be read is set aside.
 */
async function readCandidates(
  target: Target,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
  lookAt: number,
): Promise<{
  readonly records: TargetRecords;
  /** Whether there is nothing to be found by looking further. */
  readonly isAll: boolean;
}> {
  const { enrollments } = deps.ledger;
  const now = deps.clock.now();
  const foreign: string[] = [];
  const ids = await enrollments.candidates(target, now, lookAt, (id) => foreign.push(id));
  const records = await enrollments.read(target, ids);
  const due = new Map([...records].filter(([, { value }]) => isDue(value, now)));
  const odd = [...foreign, ...ids.filter((id) => !due.has(id))];
  const isAll = ids.length < lookAt;
  if (odd.length === 0) return { records: due, isAll };
  if (foreign.length > 0 || ids.some((id) => !records.has(id))) await setAsideUnreadable(target, deps);
  // One that another worker has claimed meanwhile is no longer listed, and not told.
  const repaired = await enrollments.repairCandidates(target, odd);
  const doubts = [...new Set([...foreign, ...repaired])].map((id): Doubt => ({ id, why: whyOdd(id) }));
  if (doubts.length > 0) await raiseUntrusted(target, doubts, deps);
  // What was repaired is gone from the list, and the next turn looks at what comes after it.
  return { records: due, isAll: isAll || doubts.length > 0 };
}

function isDue(record: StoredRecord, nowMs: number): boolean {
  const atMs = candidateAt(record);
  return atMs !== null && atMs <= nowMs;
}

function whyOdd(id: string): string {
  return InstanceId.safeParse(id).success
    ? 'it was listed as a candidate, its record is none'
    : 'this is no EC2 instance';
}

/** A run that ends by itself tries each instance once: what failed since it began waits for a later run. */
function isLeftForLater(
  record: StoredRecord,
  { leaveFailedSinceMs }: Pick<HandlerDeps, 'leaveFailedSinceMs'>,
): boolean {
  return leaveFailedSinceMs !== null && record.state === 'failed' && record.changedAtMs >= leaveFailedSinceMs;
}

/** The matcher of the first candidate that has one here. A key that this worker does not hold means that workers run different configurations. */
async function ownerOf(
  candidates: readonly Candidate[],
  matchers: readonly Matcher[],
  target: Target,
  deps: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<Matcher | null> {
  for (const { value } of candidates) {
    const matcher = matchers.find((one) => one.key === value.matcherKey);
    if (matcher !== undefined) return matcher;
  }
  if (candidates.length > 0) {
    await deps.ledger.control.raise({
      kind: 'config-skew',
      scope: targetId(target),
      sinceMs: deps.clock.now(),
      message: 'Instances wait for a matcher that this worker does not have.',
      remedy:
        'Give all workers the same configuration and restart them; the next scan assigns the instances anew.',
    });
  }
  return null;
}
