import type { AwsAction, AwsCall, AwsCallObserver } from '../organization/aws-actions.ts';
import { JobError } from '../runtime/errors.ts';
import type { AccountId, Region } from '../organization/ids.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { ActiveSpan, SpanFacts, Tracing } from '../tracing/tracing.ts';
import { runInScope, type CallScope, type SigningKeys } from './call-scope.ts';
import { readFault, type AwsFault } from './classify-error.ts';

/** One call to make, and where it counts. */
export interface Call<Reply> {
  readonly action: AwsAction;
  /** The account whose bucket pays. Null for calls made as the worker itself (Organizations, STS). */
  readonly accountId: AccountId | null;
  /** Null for services without regions. */
  readonly region: Region | null;
  readonly signal: AbortSignal;
  readonly send: () => Promise<Reply>;
}

/** What one request came to. `left` is false when it never reached a socket. */
export type Attempt<Reply> =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly fault: AwsFault; readonly left: boolean };

/** Silence this long counts, also when the call was ended by its own deadline. */
const SILENCE_MS = 5_000;

/** Makes one request and tells the observer; see `createAttempts`. */
export type MakeAttempt = <Reply>(
  call: Call<Reply>,
  keys: SigningKeys,
  leaveByMonotonicMs?: number | null,
) => Promise<Attempt<Reply>>;

/**
 * One HTTP request per attempt, in the scope of its keys, each reported to the observer.
 * Resolves for everything AWS and the network say; rejects with a JobError of ours (a bug, a time passed) that was raised on the way.
 * An aborted signal is a fault like any other here: readers ask the signal, a sender must know whether the request had left.
 */
export function createAttempts(deps: {
  readonly clock: Clock;
  readonly observe: AwsCallObserver;
  readonly tracing: Tracing;
}): MakeAttempt {
  return (call, keys, leaveByMonotonicMs = null) =>
    deps.tracing.inSpan(
      () => spanOf(call),
      (span) => makeAttempt(call, keys, leaveByMonotonicMs, span),
    );

  async function makeAttempt<Reply>(
    call: Call<Reply>,
    keys: SigningKeys,
    leaveByMonotonicMs: number | null,
    span: ActiveSpan,
  ): Promise<Attempt<Reply>> {
    const scope: CallScope = { keys, signal: call.signal, leaveByMonotonicMs, left: false };
    const startedAtMs = deps.clock.monotonicMs();
    const report = (outcome: AwsCall['outcome'], hasAnswer = true): void => {
      const durationMs = deps.clock.monotonicMs() - startedAtMs;
      deps.observe({
        action: call.action,
        outcome,
        accountId: call.accountId,
        region: call.region,
        durationMs,
        // A call that we ended ourselves, at the close of a job, says nothing of AWS.
        ...(hasAnswer || (call.signal.aborted && durationMs < SILENCE_MS) ? {} : { unanswered: true }),
      });
    };
    try {
      const reply = await runInScope(scope, call.send);
      keys.workedAtMs = deps.clock.monotonicMs();
      report('ok');
      return { ok: true, reply };
    } catch (error) {
      if (error instanceof JobError) throw error;
      const fault = readFault(error, deps.clock.now());
      span.fail(fault.awsCode);
      if (scope.left) report(outcomeOf(fault), fault.httpStatus !== null);
      return { ok: false, fault, left: scope.left };
    }
  }
}

/** By the conventions for calls of AWS's SDKs: https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/ (read 2026-11). */
function spanOf({ action, accountId, region }: Call<unknown>): SpanFacts {
  const [service = '', method = ''] = action.split(':');
  return {
    name: action,
    kind: 'client',
    attributes: {
      'rpc.system': 'aws-api',
      'rpc.service': service,
      'rpc.method': method,
      ...(accountId === null ? {} : { 'cloud.account.id': accountId }),
      ...(region === null ? {} : { 'cloud.region': region }),
    },
  };
}

function outcomeOf(fault: AwsFault): AwsCall['outcome'] {
  return fault.kind === 'throttled' || fault.kind === 'denied' ? fault.kind : 'failed';
}
