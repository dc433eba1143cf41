import type { Ledger } from '@muster/core/control/ledger';
import { AWS_ACTIONS, type AwsCall, type AwsCallObserver } from '@muster/core/organization/aws-actions';
import type { UnansweredCalls, UnansweredLedger } from '@muster/core/organization/unanswered-store';
import { type Clock, within } from '@muster/core/runtime/clock-port';
import { messageOf } from '@muster/core/runtime/errors';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createHistogram, type createMetrics } from '@muster/core/runtime/metrics';

const FLUSH_MS = 500;
/** The end of a process waits no longer for the last counts: a patient connection waits for Redis as long as it is away. */
const LAST_FLUSH_MS = 1_000;

/** Counts calls to AWS: for the status, in the ledger, and for this process's metrics; and tells of those that meet no answer. */
export function createAwsCallLog(deps: {
  readonly ledger: Pick<Ledger, 'statistics' | 'unanswered'>;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly log: Logger;
  readonly clock: Clock;
}): { readonly observe: AwsCallObserver; close(): Promise<void> } {
  const duration = createHistogram(deps.metrics, {
    name: 'muster_aws_call_duration_seconds',
    help: 'Duration of calls to AWS, by action and outcome',
    labels: { action: AWS_ACTIONS, outcome: ['ok', 'throttled', 'denied', 'failed'] },
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });
  const silence = createUnansweredWatch({ ...deps, unanswered: deps.ledger.unanswered });
  let pending: AwsCall[] = [];
  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    const calls = pending;
    pending = [];
    // Counters are for people: losing some while Redis is away harms nothing.
    await deps.ledger.statistics.addCalls(calls).catch((error: unknown) => {
      deps.log.debug({ reason: messageOf(error) }, 'call counts not written');
    });
  };
  const timer = setInterval(() => void flush(), FLUSH_MS);
  return {
    observe: (call) => {
      pending.push(call);
      silence.observe(call);
      duration({ action: call.action, outcome: call.outcome }, call.durationMs / 1_000);
    },
    close: async () => {
      clearInterval(timer);
      silence.close();
      await within(deps.clock, LAST_FLUSH_MS, flush());
    },
  };
}

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
