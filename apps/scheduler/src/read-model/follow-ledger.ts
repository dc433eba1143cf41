/**
 * Keeps the read model as the ledger is. It reads the two streams of changes, asks the ledger for each record and each place
 * that they name, and writes its rows: what is written is what the ledger says at that moment, so that an entry read twice, or late,
 * does no harm. When the streams cannot tell what has changed, it makes all rows anew (rebuild.ts), and goes on following
 * meanwhile: a rebuild begins at the end of the stream, so nothing that is written during it is missed.
 */
import type { Change } from '@muster/core/enrollment/change-store';
import type { Ledger } from '@muster/core/control/ledger';
import { AccountId, type InstanceId } from '@muster/core/organization/ids';
import { readTargetId, type Target } from '@muster/core/organization/target';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { Model } from './model.ts';
import { beginRebuild, type Rebuild } from './rebuild.ts';
import { inTransaction } from './schema.ts';

type FollowedLedger = Pick<
  Ledger,
  'enrollments' | 'copies' | 'changes' | 'placeChanges' | 'coverage' | 'control' | 'clocks'
>;

/** Something was written that lists show. */
export interface ModelChange {
  /** The last entry of the change stream that is in the model. */
  readonly id: string;
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
  /** The last entry of the change stream that is in the model. */
  readonly changeId: string;
}

/** Entries of one step. A rebuild's share of one, in ms, beside which the stream is read on. */
const ENTRIES = 100;
/** Targets whose records are asked for at once: parsing them keeps lists waiting. */
const LANES = 8;
const REBUILD_SHARE_MS = 250;
const OLD_ENTRIES = 1_000;
/** How often it is asked whether the ledger is still the same one. */
const EPOCH_EVERY_MS = 5_000;
/** How often sums are compared with the ledger's, and all places read anew: for what another client, or an older release, wrote without telling it. */
const CHECK_EVERY_MS = 5 * 60_000;
const MOST_NAMED = 100;

export function createFollower(deps: {
  readonly ledger: FollowedLedger;
  readonly model: Model;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange: (change: ModelChange) => void;
}) {
  const { ledger, model, clock, log } = deps;
  let changeId: string | null = null;
  let placeId = '0-0';
  let epoch: string | null = null;
  let rebuild: Rebuild | null = null;
  let rebuilds = 0;
  let asOfMs: number | null = null;
  let epochAskedAtMs = Number.NEGATIVE_INFINITY;
  let checkedAtMs = clock.monotonicMs();

  async function begin(reason: 'start' | 'behind' | 'epoch' | 'sums'): Promise<void> {
    log.info({ reason }, 'the read model is compared with the ledger');
    // A ledger that has failed over goes on with the same stream, or is found to be behind.
    if (reason === 'start' || reason === 'behind') {
      const { nextId } = await ledger.changes.read('now', 1);
      await readHistory(nextId);
      changeId = nextId;
    }
    await readAllPlaces();
    rebuild = await beginRebuild({ ledger, model, clock });
    rebuilds += 1;
  }

  /** What the stream tells of the time before: only for timelines, the rows come from the records. */
  async function readHistory(untilId: string): Promise<void> {
    model.transitions.clear();
    const endMs = await ledger.clocks.now();
    let afterId = '0-0';
    let oldestMs: number | null = null;
    for (;;) {
      const { entries, nextId } = await ledger.changes.read(afterId, OLD_ENTRIES);
      const old = entries.filter(({ id }) => isUpTo(id, untilId));
      oldestMs ??= old[0] === undefined ? null : Number.parseInt(old[0].id, 10);
      inTransaction(model.db, () => model.transitions.add(old, endMs));
      if (old.length < OLD_ENTRIES) break;
      afterId = nextId;
    }
    model.transitions.add([], oldestMs ?? endMs);
  }

  async function readAllPlaces(): Promise<void> {
    placeId = await ledger.placeChanges.end();
    const [accounts, coverages] = await Promise.all([ledger.coverage.accounts(), ledger.coverage.all()]);
    inTransaction(model.db, () =>
      model.places.replace(
        accounts.map(({ account }) => account),
        coverages,
      ),
    );
  }

  /** Reads on in the change stream. @returns whether there may be more */
  async function followChanges(): Promise<boolean> {
    const from = changeId ?? '0-0';
    const { entries, nextId, behind } = await ledger.changes.read(from, ENTRIES);
    if (behind) {
      await begin('behind');
      deps.onChange({ id: changeId ?? nextId, instances: null, places: true });
      return true;
    }
    const wanted = idsByTarget(entries);
    const targets = [...wanted.values()];
    for (let n = 0; n < targets.length; n += LANES) {
      await Promise.all(targets.slice(n, n + LANES).map(({ target, ids }) => copy(target, [...ids])));
    }
    inTransaction(model.db, () => model.transitions.add(entries, Infinity));
    changeId = nextId;
    const named = [...wanted.values()].flatMap(({ ids }) => [...ids]);
    if (named.length > 0) {
      deps.onChange({ id: nextId, instances: named.length > MOST_NAMED ? null : named, places: false });
    }
    return entries.length >= ENTRIES;
  }

  async function copy(target: Target, ids: readonly InstanceId[]): Promise<void> {
    const records = await ledger.enrollments.read(target, ids);
    inTransaction(model.db, () => {
      model.instances.put(target, records.values());
      model.instances.remove(
        target,
        ids.filter((id) => !records.has(id)),
      );
    });
  }

  async function followPlaces(): Promise<boolean> {
    const { places, nextId, more, behind } = await ledger.placeChanges.read(placeId, ENTRIES);
    if (behind) {
      await readAllPlaces();
    } else if (places.size > 0) {
      const ids = [...places];
      const accountIds = ids.filter((id) => AccountId.safeParse(id).success);
      const [accounts, coverages] = await Promise.all([
        Promise.all(accountIds.map((id) => ledger.coverage.account(AccountId.parse(id)))),
        ledger.coverage.some(ids.filter((id) => id.includes('.'))),
      ]);
      inTransaction(model.db, () => {
        model.places.remove(
          accountIds,
          ids.filter((id) => id.includes('.')),
        );
        model.places.put(
          accounts.flatMap((known) => (known === null ? [] : [known.account])),
          coverages,
        );
      });
      placeId = nextId;
    }
    if (behind || places.size > 0) deps.onChange({ id: changeId ?? '0-0', instances: [], places: true });
    return more || behind;
  }

  async function watchEpoch(): Promise<void> {
    if (clock.monotonicMs() - epochAskedAtMs < EPOCH_EVERY_MS) return;
    const now = await ledger.control.epoch();
    epochAskedAtMs = clock.monotonicMs();
    if (epoch !== null && now !== epoch) await begin('epoch');
    epoch = now;
  }

  async function check(): Promise<void> {
    if (rebuild !== null || clock.monotonicMs() - checkedAtMs < CHECK_EVERY_MS) return;
    checkedAtMs = clock.monotonicMs();
    await readAllPlaces();
    const { states } = await ledger.enrollments.counts();
    const ours = model.instances.byState();
    const words = new Set([...states.keys(), ...ours.keys()]);
    const differ = [...words].some((word) => (states.get(word) ?? 0) !== (ours.get(word) ?? 0));
    // What is written between the two readings differs as well; comparing all is right then too, and changes nothing.
    if (differ) await begin('sums');
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
      if (changeId === null) await begin('start');
      await watchEpoch();
      const moreChanges = await followChanges();
      const morePlaces = await followPlaces();
      if (moreChanges || morePlaces) return true;
      if (rebuild !== null) {
        if (await rebuild.run(REBUILD_SHARE_MS)) {
          rebuild = null;
          model.db.exec('PRAGMA optimize');
          log.info({ rows: model.instances.count() }, 'the read model agrees with the ledger');
          deps.onChange({ id: changeId ?? '0-0', instances: null, places: true });
        }
        return true;
      }
      asOfMs = beganAtMs;
      await check();
      return rebuild !== null;
    },

    state(): ModelState {
      return {
        asOfMs,
        rebuilding: rebuild !== null || asOfMs === null,
        rebuilds,
        rows: model.instances.count(),
        changeId: changeId ?? '0-0',
      };
    },
  };
}

export type Follower = ReturnType<typeof createFollower>;

function idsByTarget(
  entries: readonly Change[],
): ReadonlyMap<string, { readonly target: Target; readonly ids: Set<InstanceId> }> {
  const wanted = new Map<string, { readonly target: Target; readonly ids: Set<InstanceId> }>();
  for (const { target: id, instances, touched } of entries) {
    const target = readTargetId(id);
    if (target === null) continue;
    const of = wanted.get(id) ?? { target, ids: new Set<InstanceId>() };
    wanted.set(id, of);
    for (const [instance] of instances) of.ids.add(instance as InstanceId);
    for (const instance of touched) of.ids.add(instance as InstanceId);
  }
  return wanted;
}

/** Whether an entry of the stream is not behind another one. */
function isUpTo(id: string, otherId: string): boolean {
  const [ms = 0, nth = 0] = id.split('-').map(Number);
  const [otherMs = 0, otherNth = 0] = otherId.split('-').map(Number);
  return ms < otherMs || (ms === otherMs && nth <= otherNth);
}
