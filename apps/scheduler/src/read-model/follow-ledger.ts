/**
 * Keeps the read model as the ledger is. It reads the two streams of changes, asks the ledger for each record and each place
 * that they name, and writes its rows: what is written is what the ledger says at that moment, so that an entry read twice, or late,
 * does no harm. When the streams cannot tell what has changed, it makes all rows anew (rebuild.ts), and goes on following
 * meanwhile: a rebuild begins at the end of the stream, so nothing that is written during it is missed.
 */
import type { Change } from '@muster/core/enrollment/change-store';
import type { Ledger } from '@muster/core/control/ledger';
import type { InstanceId } from '@muster/core/organization/ids';
import { readTargetId, type Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createPlaceFollower } from './follow-places.ts';
import { createUntoldLook } from './look-for-untold.ts';
import type { Model } from './model.ts';
import { beginHistory, type HistoryReading } from './read-history.ts';
import { beginRebuild, type Rebuild } from './rebuild.ts';

type FollowedLedger = Pick<
  Ledger,
  'enrollments' | 'copies' | 'changes' | 'placeChanges' | 'coverage' | 'epochs' | 'clocks'
>;

/** Something was written that lists show. */
export interface ModelChange {
  /** Instances that changed; null when they are many, or all may have. */
  readonly instances: readonly string[] | null;
  /** Whether accounts or targets changed. */
  readonly places: boolean;
}

/** How far the model is. */
export interface ModelState {
  /** The ledger's time up to which everything is in the model; null before everything was once. */
  readonly asOfMs: number | null;
  /** Whether all rows are being compared with the ledger. */
  readonly rebuilding: boolean;
  readonly rebuilds: number;
  readonly rows: number;
}

/** Why all rows are compared with the ledger. */
type Reason = 'start' | 'behind' | 'epoch' | 'sums' | 'release';

interface FollowerDeps {
  readonly ledger: FollowedLedger;
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (change: ModelChange) => void;
}

const ENTRIES = 100;
/** Targets whose records are asked for at once: parsing them keeps lists waiting. */
const LANES = 8;
/** A rebuild goes on for this long before the stream is looked at again. */
const REBUILD_SHARE_MS = 250;
/** How often it is asked whether the ledger is still the same one. */
const EPOCH_EVERY_MS = 5_000;
const MOST_NAMED = 100;

export function createFollower(deps: FollowerDeps) {
  const { ledger, model, clock, log } = deps;
  const places = createPlaceFollower(deps);
  const isOtherLedger = createEpochWatch(ledger, clock);
  const lookForUntold = createUntoldLook(deps);
  let changeId: string | null = null;
  /** Why a comparison has to begin. It stays until one has begun: Redis may answer the first questions of it and not the last. */
  let pending: Reason | null = 'start';
  let rebuild: Rebuild | null = null;
  let history: HistoryReading | null = null;
  let rebuilds = 0;
  let asOfMs: number | null = null;

  async function begin(reason: Reason): Promise<void> {
    log.info({ reason }, 'the read model is compared with the ledger');
    // A ledger that has failed over goes on with the same stream, or is found to be behind.
    if (reason === 'start' || reason === 'behind') {
      const { nextId } = await ledger.changes.read('now', 1);
      history = beginHistory(ledger, model, { id: nextId, atMs: await ledger.clocks.now() });
      changeId = nextId;
    }
    await places.readAll();
    rebuild = await beginRebuild({ ledger, model, clock });
    rebuilds += 1;
    pending = null;
    if (reason === 'behind') tell(null, true);
  }

  function tell(instances: readonly string[] | null, changedPlaces: boolean): void {
    deps.onChange({ instances, places: changedPlaces });
  }

  /** Reads on in the change stream. @returns whether there may be more */
  async function followChanges(): Promise<boolean> {
    const { entries, nextId, behind } = await ledger.changes.read(changeId ?? '0-0', ENTRIES);
    if (behind) {
      pending = 'behind';
      return true;
    }
    const wanted = idsByTarget(entries);
    for (let n = 0; n < wanted.length; n += LANES) {
      await Promise.all(wanted.slice(n, n + LANES).map((one) => copyRecords(deps, one)));
    }
    model.transitions.add(entries, Infinity);
    changeId = nextId;
    const named = wanted.flatMap(({ ids }) => [...ids]);
    if (named.length > 0) tell(named.length > MOST_NAMED ? null : named, false);
    return entries.length >= ENTRIES;
  }

  /** Goes on with a rebuild. @param beganAtMs when this step began, up to which all changes are in the model */
  async function goOn(under: Rebuild, beganAtMs: number): Promise<void> {
    if (!(await under.run(REBUILD_SHARE_MS))) return;
    rebuild = null;
    asOfMs = beganAtMs;
    log.info({ rows: model.tallies.total() }, 'the read model agrees with the ledger');
    tell(null, true);
  }

  /** Looks, now and then, for what was written without being told. */
  async function check(): Promise<void> {
    const found = await lookForUntold(changeId ?? '0-0');
    if (found === 'agrees') await places.readAll();
    else if (found !== 'later') pending = found;
  }

  return {
    /**
     * Takes up what has changed since the last step, and goes on with a rebuild. Rejects when Redis does not answer: the next
     * step is the retry.
     *
     * @returns whether there is more to do at once
     */
    async step(): Promise<boolean> {
      const beganAtMs = await ledger.clocks.now();
      if (await isOtherLedger()) pending ??= 'epoch';
      if (pending !== null) await begin(pending);
      const moreChanges = await followChanges();
      const { changed, more } = await places.step();
      if (changed) tell([], true);
      if (moreChanges || more) return true;
      if (rebuild !== null) {
        await goOn(rebuild, beganAtMs);
        return true;
      }
      asOfMs = beganAtMs;
      if (history !== null) {
        if (await history.step()) history = null;
        return true;
      }
      await check();
      return pending !== null;
    },

    state(): ModelState {
      return {
        asOfMs,
        rebuilding: rebuild !== null || pending !== null || asOfMs === null,
        rebuilds,
        rows: model.tallies.total(),
      };
    },
  };
}

export type Follower = ReturnType<typeof createFollower>;

interface WantedRecords {
  readonly target: Target;
  readonly ids: ReadonlySet<InstanceId>;
}

/** Writes the rows of some records as the ledger has them now. */
async function copyRecords(
  { ledger, model }: Pick<FollowerDeps, 'ledger' | 'model'>,
  { target, ids }: WantedRecords,
): Promise<void> {
  const records = await ledger.enrollments.read(target, [...ids]);
  model.instances.put(target, records.values());
  model.instances.remove(
    target,
    [...ids].filter((id) => !records.has(id)),
  );
}

function idsByTarget(entries: readonly Change[]): readonly WantedRecords[] {
  const wanted = new Map<string, { readonly target: Target; readonly ids: Set<InstanceId> }>();
  for (const { target: id, instances, touched } of entries) {
    const target = readTargetId(id);
    if (target === null) continue;
    const of = wanted.get(id) ?? { target, ids: new Set<InstanceId>() };
    wanted.set(id, of);
    for (const [instance] of instances) of.ids.add(instance as InstanceId);
    for (const instance of touched) of.ids.add(instance as InstanceId);
  }
  return [...wanted.values()];
}

/** Whether the ledger has become another one since it was asked for last: flushed, rolled back or failed over. */
function createEpochWatch(ledger: Pick<Ledger, 'epochs'>, clock: Clock): () => Promise<boolean> {
  let epoch: string | null = null;
  let askedAtMs = 0;
  return async () => {
    const nowMs = clock.monotonicMs();
    if (epoch !== null && nowMs - askedAtMs < EPOCH_EVERY_MS) return false;
    const now = await ledger.epochs.read();
    const isOther = epoch !== null && epoch !== now;
    [epoch, askedAtMs] = [now, nowMs];
    return isOther;
  };
}
