import { noteOwnAct } from '@muster/core/control/audit/own-acts';
import type { StoredRecord } from '@muster/core/enrollment/record';
import type { MatcherKey } from '@muster/core/organization/ids';
import type { Target } from '@muster/core/organization/target';
import type { GateFacts } from '@muster/core/rollout/gate-facts';
import { matcherRampId, rampsOver } from '@muster/core/rollout/ramp/ramp-cover';
import type { RampSlots } from '@muster/core/rollout/ramp/slot-store';
import { moveRamps } from '@muster/core/rollout/ramp/run-ramps';
import { plural } from '@muster/core/runtime/wording';
import type { HandlerDeps } from '../deps.ts';
import type { Batch, Candidate } from '../install/pick-batch.ts';

/** A candidate with the ramps in which it needs a slot. */
export interface RampedBatch extends Batch {
  readonly candidates: readonly (Candidate & { readonly ramps: readonly string[] })[];
}

/** What the ramps let in of a batch. */
export type LetIn =
  | { readonly kind: 'some'; readonly batch: RampedBatch }
  /** None now. `soon`: it is only the turn of other accounts or regions. */
  | { readonly kind: 'none'; readonly soon: boolean };

/**
 * Leaves of a batch those for whom each of their ramps has a slot; a target that gets none is woken when there are some. No
 * slot is taken here: the claim does that, and is refused when they are gone meanwhile. Costs nothing where no ramp runs.
 */
export async function letInByRamps(
  target: Target,
  batch: Batch,
  gates: GateFacts,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'timings'>,
): Promise<LetIn> {
  const { ramps } = deps.ledger;
  const plain = { ...batch, candidates: batch.candidates.map((one) => ({ ...one, ramps: [] })) };
  // Repairs have a cap and a rate of their own.
  if (deps.config.rollout.ramp.off || batch.repairs) return { kind: 'some', batch: plain };
  const index = await knownRamps(batch, gates, deps);
  const wanted = new Map(batch.candidates.map((one) => [one, rampsOver(index, target, one.value)]));
  const ids = [...new Set([...wanted.values()].flat())];
  if (ids.length === 0) return { kind: 'some', batch: plain };

  const instanceIds = batch.candidates.map(({ instanceId }) => instanceId);
  const slots = new Map<string, RampSlots | null>();
  const read = await ramps.slots(ids, target, instanceIds);
  for (const [n, id] of ids.entries()) slots.set(id, read[n] ?? null);
  const room = await roomOf(slots, deps);
  const candidates = byPlatform(batch.candidates).flatMap((one) => {
    const own = wanted.get(one) ?? [];
    const needed = own.filter((id) => slots.get(id)?.touched.has(one.instanceId) !== true);
    if (needed.some((id) => (room.get(id) ?? 0) <= 0)) return [];
    for (const id of needed) room.set(id, (room.get(id) ?? 0) - 1);
    return [{ ...one, ramps: own }];
  });
  if (candidates.length > 0) return { kind: 'some', batch: { ...batch, candidates } };
  for (const id of ids.filter((one) => (room.get(one) ?? 0) <= 0)) await ramps.wait(id, [target]);
  // A step that began before the target was among those that wait has not woken it, and neither has the end of a ramp.
  const now = await ramps.slots(ids, target, []);
  return { kind: 'none', soon: now.every((one) => one === null || one.free > 0) };
}

/** Tells the ramps that a host took a place or gave one back; called where hosts end. */
export async function moveRampsOn(deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>): Promise<void> {
  if (deps.config.rollout.ramp.off) return;
  await moveRamps({ ledger: deps.ledger, config: deps.config, nowMs: deps.clock.now() });
}

/** The ramps of the ledger, with that of the batch's matcher: begun by the first send that is about to happen. */
async function knownRamps(
  batch: Batch,
  gates: GateFacts,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<GateFacts['ramps']> {
  const id = matcherRampId(batch.matcher.key);
  if (gates.ramps.has(id)) return gates.ramps;
  const { ramps } = deps.ledger;
  if ((await ramps.index()).isNew) await lookAtOldMatchers(deps);
  const about = { kind: 'matcher', subject: batch.matcher.label, nowMs: deps.clock.now() } as const;
  if (await ramps.begin(id, about, deps.config.rollout.ramp, 'once')) {
    const { first } = deps.config.rollout.ramp;
    await noteOwnAct(deps.ledger.audit, 'ramp', {
      scope: `the matcher ${batch.matcher.label}`,
      result: 'begun',
      detail: `first send: it begins with ${plural(first, 'host')}`,
      basis: id,
    });
  }
  return (await ramps.index()).ramps;
}

/** Targets looked at for hosts that have joined through a matcher. */
const LOOKED_AT = 300;

/**
 * On a ledger of a release without ramps, a matcher through which a first step's hosts have joined has had its mass start.
 * Nodes that were there before Muster prove nothing, and neither do those whose attempts Redis has lost: it begins small.
 */
async function lookAtOldMatchers(deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>): Promise<void> {
  const { ledger, config, clock } = deps;
  const joined = new Map<MatcherKey, number>();
  const { first } = config.rollout.ramp;
  const isEnough = (): boolean => config.matchers.every(({ key }) => (joined.get(key) ?? 0) >= first);
  const targets = await ledger.enrollments.targetsWith({ state: 'joined' });
  const stride = Math.max(1, Math.floor(targets.length / LOOKED_AT));
  for (let n = 0; n < targets.length && !isEnough(); n += stride) {
    const target = targets[n];
    if (target === undefined) break;
    for (const { value } of (await ledger.enrollments.readAll(target)).values()) {
      if (value.state === 'joined' && hasJoinedByCommand(value)) {
        joined.set(value.matcherKey, (joined.get(value.matcherKey) ?? 0) + 1);
      }
    }
  }
  const over = [...joined].flatMap(([key, count]) => (count >= first ? [key] : []));
  await ledger.ramps.noteOldMatchers(over, clock.now());
}

function hasJoinedByCommand({ attempts }: StoredRecord): boolean {
  return attempts.some(({ cause, commandId }) => cause === null && commandId !== null);
}

/**
 * Slots per ramp for this target. While others take theirs, no account and no region takes more than its share of a step; what
 * is left when none has taken one for a moment goes to those that ask.
 */
async function roomOf(
  slots: ReadonlyMap<string, RampSlots | null>,
  { ledger, clock, timings }: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
): Promise<Map<string, number>> {
  const now = clock.now();
  const { accounts, regions } = await ledger.ramps.spread(now);
  const room = new Map<string, number>();
  for (const [id, one] of slots) {
    if (one === null) continue;
    const isQuiet = now - one.takenAtMs >= timings.retryMs;
    const share = Math.min(
      Math.ceil(one.size / accounts) - one.ofAccount,
      Math.ceil(one.size / regions) - one.ofRegion,
    );
    room.set(id, isQuiet ? one.free : Math.min(one.free, share));
  }
  return room;
}

/** In turn over the operating systems that SSM told of. */
function byPlatform(candidates: readonly Candidate[]): readonly Candidate[] {
  const groups = [...Map.groupBy(candidates, ({ value }) => value.platform ?? '').values()];
  const longest = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: longest }, (_, n) => groups.flatMap((group) => group.slice(n, n + 1))).flat();
}
