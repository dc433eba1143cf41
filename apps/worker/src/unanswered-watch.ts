import { messageOf } from '@muster/core/runtime/errors';
import type { UnansweredCalls } from '@muster/core/organization/unanswered';
import type { AwsCall, AwsCallObserver } from '@muster/core/organization/aws-call';
import type { Clock } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import type { UnansweredLedger } from '@muster/core/organization/unanswered-store';

const TELL_EVERY_MS = 5_000;
/** Places remembered; what is beyond is told of by its neighbors. */
const MOST_PLACES = 2_000;

/** Watches for services of AWS that accept calls, or do not, and never answer. */
export interface UnansweredWatch {
  readonly observe: AwsCallObserver;
  /** Tells the ledger now what has changed. */
  tell(): Promise<void>;
  close(): void;
}

/** Calls in a row without an answer stand in the ledger until this worker or another gets one from the same place. */
export function createUnansweredWatch(deps: {
  readonly unanswered: UnansweredLedger;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
}): UnansweredWatch {
  const { unanswered, clock, log } = deps;
  const silent = new Map<string, UnansweredCalls>();
  let answered = new Set<string>();

  const tell = async (): Promise<void> => {
    const heard = answered;
    answered = new Set();
    const over = (await unanswered.all()).filter((one) => heard.has(placeOf(one)));
    await unanswered.remove(over);
    await unanswered.put([...silent.values()]);
  };
  const timer = setInterval(() => {
    tell().catch((error: unknown) => {
      log.debug({ reason: messageOf(error) }, 'unanswered calls not told');
    });
  }, TELL_EVERY_MS);
  return {
    observe: (call) => {
      const [service = ''] = call.action.split(':');
      const place = placeOf({ service, accountId: call.accountId, region: call.region });
      if (call.unanswered !== true) {
        silent.delete(place);
        if (answered.size < MOST_PLACES) answered.add(place);
        return;
      }
      if (silent.size >= MOST_PLACES && !silent.has(place)) return;
      silent.set(place, sinceOf(call, service, silent.get(place), clock.now()));
    },
    tell,
    close: () => {
      clearInterval(timer);
    },
  };
}

function sinceOf(
  { accountId, region, durationMs }: AwsCall,
  service: string,
  before: UnansweredCalls | undefined,
  nowMs: number,
): UnansweredCalls {
  return { service, accountId, region, sinceMs: before?.sinceMs ?? nowMs - durationMs, lastMs: nowMs };
}

function placeOf({
  service,
  accountId,
  region,
}: Pick<UnansweredCalls, 'service' | 'accountId' | 'region'>): string {
  return `${service}/${accountId ?? ''}/${region ?? ''}`;
}
