/**
 * Finds out that the ledger has what the streams did not tell of: another client wrote it, or a worker of another release, which
 * may not tell that it wrote attempts, waves or times.
 */
import type { Ledger } from '@muster/core/control/ledger';
import { isSameRelease } from '@muster/core/control/mixed-releases';
import type { Clock } from '@muster/core/runtime/clock-port';
import { thisRelease } from '@muster/core/runtime/release';
import type { Model } from './model.ts';

/** How often sums are compared with the ledger's. */
const LOOK_EVERY_MS = 5 * 60_000;
/** How often all rows are compared while another release runs: what it does not tell is in no sum. */
const OTHER_RELEASE_EVERY_MS = 60 * 60_000;

/** `later`: it is not time yet, or the ledger changes at this moment. */
type Found = 'later' | 'agrees' | 'sums' | 'release';

export function createUntoldLook(deps: {
  readonly ledger: Pick<Ledger, 'enrollments' | 'changes' | 'clocks'>;
  readonly model: Model;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}) {
  const { ledger, model, clock } = deps;
  const own = thisRelease();
  let lookedAtMs = clock.monotonicMs();
  let comparedAtMs = lookedAtMs;
  /** Whether another release has run since all rows were compared for it: so they are once more after its end. */
  let otherRan = false;

  /** @param changeId up to which the model has followed the change stream */
  return async (changeId: string): Promise<Found> => {
    const nowMs = clock.monotonicMs();
    if (nowMs - lookedAtMs < LOOK_EVERY_MS) return 'later';
    const releases = await ledger.clocks.releases();
    const differs = await differsInSums(ledger, model);
    // Only sums between which and the rows nothing was written can be compared: else each look during a roll-out finds something.
    const { nextId } = await ledger.changes.read(changeId, 1);
    if (nextId !== changeId) return 'later';
    lookedAtMs = nowMs;
    otherRan ||= releases.some((one) => one === null || !isSameRelease(one, own));
    if (otherRan && nowMs - comparedAtMs >= OTHER_RELEASE_EVERY_MS) {
      [otherRan, comparedAtMs] = [false, nowMs];
      return 'release';
    }
    return differs ? 'sums' : 'agrees';
  };
}

async function differsInSums(ledger: Pick<Ledger, 'enrollments'>, model: Model): Promise<boolean> {
  const { states } = await ledger.enrollments.counts();
  const ours = model.tallies.byState();
  const words = new Set([...states.keys(), ...ours.keys()]);
  return [...words].some((word) => (states.get(word) ?? 0) !== (ours.get(word) ?? 0));
}
