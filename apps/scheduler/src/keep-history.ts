import type { Ledger } from '@muster/core/control/ledger';
import { gatherBucket } from '@muster/core/history/gather-bucket';
import { resolutionsAt } from '@muster/core/history/resolution';
import type { Clock } from '@muster/core/runtime/clock-port';

/**
 * Keeps a bucket of history as soon as one is missing. Of several schedulers the first keeps it: the others see that it is
 * there, or write after it and change nothing.
 *
 * @param speed see `MusterConfig`
 */
export function createHistoryKeeper({
  ledger,
  clock,
  speed,
}: {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly speed: number;
}): () => Promise<void> {
  const resolutions = resolutionsAt(speed);
  const { widthMs } = resolutions.fine;
  let keptAtMs = Number.NaN;
  return async () => {
    const atMs = Math.floor(clock.now() / widthMs) * widthMs;
    if (atMs === keptAtMs) return;
    if (!(await ledger.history.isKept(atMs))) {
      const bucket = await gatherBucket(ledger);
      // Nothing is known yet: asked for again at the next look, so that the history begins with the first scan.
      if (bucket === null) return;
      await ledger.history.keep(bucket, resolutions);
    }
    keptAtMs = atMs;
  };
}
