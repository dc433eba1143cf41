import { AWS_ACTIONS } from '@muster/core/organization/aws-actions';
import { messageOf } from '@muster/core/runtime/errors';
import type { AwsCall, AwsCallObserver } from '@muster/core/organization/aws-call';
import { type Clock, within } from '@muster/core/runtime/clock-port';
import type { Logger } from '@muster/core/runtime/logger-port';
import { createHistogram, type createMetrics } from '@muster/core/runtime/metrics';
import { createUnansweredWatch } from './unanswered-watch.ts';
import type { Ledger } from '@muster/core/control/ledger';

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
