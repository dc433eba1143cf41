import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { reportRedisNotes } from '@muster/core/redis/redis-findings';
import type { ControlLedger } from '@muster/core/control/control-store';

const LOOK_MS = 30_000;

/** Looks at Redis now and twice a minute: what is unwise about it is a finding until it is so no longer. */
export function watchRedis(deps: {
  readonly control: Pick<ControlLedger, 'raise' | 'clear'>;
  /** Fail-fast: a Redis that is away is not waited for. */
  readonly redis: Parameters<typeof reportRedisNotes>[1];
  readonly prefix: string;
  readonly clock: Clock;
  readonly log: Logger;
}): { close(): void } {
  const closing = new AbortController();
  void look(deps, closing.signal);
  return {
    close: () => {
      closing.abort();
    },
  };
}

async function look(deps: Parameters<typeof watchRedis>[0], closing: AbortSignal): Promise<void> {
  const { control, redis, prefix, clock, log } = deps;
  while (!closing.aborted) {
    await reportRedisNotes(control, redis, prefix, clock.now()).catch((err: unknown) => {
      // A reading of the findings reports a Redis that cannot do the work just now.
      log.debug({ err }, 'redis could not be checked');
    });
    await clock.sleep(LOOK_MS, closing).catch(() => undefined);
  }
}
