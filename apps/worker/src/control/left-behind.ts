import type { ControlLedger } from '@muster/core/control/control-store';
import { plainName } from '@muster/core/control/findings';
import type { Clock } from '@muster/core/runtime/clock-port';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';

/** The finding ends when no such job has come for this long. Real time. */
const QUIET_MS = 10 * 60_000;
const NAMES_SHOWN = 5;

/** Tells the operator of jobs of a newer release that none of its processes takes. */
export interface LeftBehindReport {
  /** @param job its name, as it lies in Redis */
  readonly tell: (job: string) => void;
}

/**
 * One finding for all such jobs, however many come. It ends when none has come for ten minutes, whether this worker still runs or
 * not, and when a worker starts: one of the newer release takes them, another one tells it again.
 *
 * @param quietMs in how long it ends, instead of ten minutes
 */
export function createLeftBehindReport({
  control,
  clock,
  log,
  quietMs = QUIET_MS,
}: {
  readonly control: Pick<ControlLedger, 'raise'>;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log: Logger;
  readonly quietMs?: number;
}): LeftBehindReport {
  const names = new Set<string>();
  let toldAtMs = clock.monotonicMs();
  return {
    tell: (job) => {
      const nowMs = clock.monotonicMs();
      // What was told of an earlier update is over.
      if (nowMs - toldAtMs > quietMs) names.clear();
      toldAtMs = nowMs;
      if (names.size < NAMES_SHOWN) names.add(plainName(job));
      const finding = {
        kind: 'jobs-of-newer-release',
        scope: 'all',
        sinceMs: clock.now(),
        message: `Jobs of a newer release wait, and no worker of that release takes them: ${[...names].join(', ')}. Workers put them back; what the ledger makes due stays due there.`,
        remedy:
          'Finish the update with workers of the newer release (docs/upgrade.md). After a way back nothing has to be done: they end within an hour, and this note ten minutes later.',
        quietMs,
      } as const;
      control.raise(finding).catch((error: unknown) => {
        log.debug({ reason: messageOf(error) }, 'jobs of a newer release could not be told');
      });
    },
  };
}
