import type { Ledger } from '@muster/core/control/ledger';
import { lookAtWaves } from '@muster/core/rollout/waves/look-at-waves';
import { digestOfWaves, type Wave } from '@muster/core/rollout/waves/wave';
import type { Clock } from '@muster/core/runtime/clock-port';

/** Between two looks. A wave begins this much after its time at worst. Real time. */
const LOOK_MS = 1_000;

/**
 * Looks at the waves now and again, and makes the targets due that waited for one which has begun. Costs nothing between the
 * looks, and nothing without waves.
 */
export function createWaveWatch({
  ledger,
  clock,
}: {
  readonly ledger: Ledger;
  readonly clock: Clock;
}): (waves: readonly Wave[]) => Promise<void> {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looked: string | null = null;
  let begun: ReadonlySet<string> = new Set();
  return async (waves) => {
    const digest = digestOfWaves(waves);
    const isNew = digest !== looked;
    const isDue = waves.length > 0 && clock.monotonicMs() - lookedAtMs >= LOOK_MS;
    if (!isNew && !isDue) return;
    begun = await lookAtWaves(ledger, waves, clock.now(), isNew ? new Set() : begun);
    looked = digest;
    lookedAtMs = clock.monotonicMs();
  };
}
