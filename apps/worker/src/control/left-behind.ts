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
  /** The finding stands until it is looked at again: another worker may go on telling it. */
  close(): void;
}

/**
 * One finding for all such jobs, however many come. It ends when none has come for ten minutes, and when a worker starts: one of
 * the newer release takes them, another one tells it again.
 */
export function createLeftBehindReport({
  control,
  clock,
  log,
}: {
  readonly control: Pick<ControlLedger, 'raise' | 'clear'>;
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly log: Logger;
}): LeftBehindReport {
  const names = new Set<string>();
  let cancel = (): void => undefined;
  const writing = (work: Promise<void>): void => {
    work.catch((error: unknown) => {
      log.debug({ reason: messageOf(error) }, 'jobs of a newer release could not be told');
    });
  };
  const end = (): void => {
    names.clear();
    writing(control.clear('jobs-of-newer-release', 'all'));
  };
  return {
    tell: (job) => {
      if (names.size < NAMES_SHOWN) names.add(plainName(job));
      cancel();
      cancel = clock.after(QUIET_MS, end);
      writing(
        control.raise({
          kind: 'jobs-of-newer-release',
          scope: 'all',
          sinceMs: clock.now(),
          message: `Jobs of a newer release wait, and no worker of that release takes them: ${[...names].join(', ')}. Workers put them back; what the ledger makes due stays due there.`,
          remedy:
            'Finish the update with workers of the newer release (docs/upgrade.md). After a way back nothing has to be done: they end within an hour, and this note ten minutes later.',
        }),
      );
    },
    close: () => {
      cancel();
    },
  };
}
