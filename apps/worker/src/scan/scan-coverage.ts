import type { Cause } from '@muster/core/enrollment/cause';
import type { Coverage } from '@muster/core/organization/coverage';
import { isJobError, messageOf, type JobError } from '@muster/core/runtime/errors';
import type { Target } from '@muster/core/organization/target';
import type { HandlerDeps } from '../deps.ts';

/** Steps by which the wait after a throttle grows, each as long as the first wait. */
const MOST_STEPS = 6;
/** Readings that must have failed in a row besides: a worker that was killed in between may have asked twice in ten minutes. */
const OFTEN = 12;

/** @param begunAtMs when the reading began: what came into the world later may be missing from it */
export function completeCoverage(begunAtMs: number): Coverage {
  return {
    status: 'complete',
    attemptedAtMs: begunAtMs,
    completeAtMs: begunAtMs,
    cause: null,
    detail: '',
    failures: 0,
  };
}

/** Read, but not all that must be known of it: what is missing is in `error`. Its instances are known and wait. */
export function partialCoverage(error: JobError, before: Coverage | null, begunAtMs: number): Coverage {
  return {
    status: 'partial',
    attemptedAtMs: begunAtMs,
    completeAtMs: before?.completeAtMs ?? null,
    cause: causeOfDenial(error),
    detail: messageOf(error),
    failures: 0,
  };
}

/** The same for a target that was not read now, but where something that a send needs was refused. */
export async function markPartial(
  { coverage }: Pick<HandlerDeps['ledger'], 'coverage'>,
  target: Target,
  denial: JobError,
): Promise<void> {
  const before = await coverage.read(target);
  // One that was never read is read soon, and says more then.
  if (before === null || before.attemptedAtMs === null) return;
  await coverage.put(target, partialCoverage(denial, before, before.attemptedAtMs));
}

/** Why a role that is refused is refused: the region is off, a service control policy says no, or the role does not reach so far. */
export function causeOfDenial(error: JobError): Cause {
  if (error.code === 'aws.region-off') return 'region-off';
  return error.details.scp === true ? 'scp-denied-region' : 'ec2-perm-account-denied';
}

/**
 * What a failed reading says about its target, and when to read it again; null for an error that says nothing about
 * the target and is thrown on.
 *
 * A throttle or an answer that did not come is no fault of the target's: it keeps its place and is read again soon, and
 * stays `pending` meanwhile. Only when nothing else has come for `passingMs`, and often, does the sweep end without it, so
 * that a run that ends by itself does; it comes back all the same.
 */
export function coverageOfFailure(
  error: unknown,
  before: Pick<Coverage, 'completeAtMs' | 'failures' | 'failingSinceMs'> | null,
  begunAtMs: number,
  deps: Pick<HandlerDeps, 'clock' | 'timings' | 'config'>,
): { readonly coverage: Coverage; readonly nextInMs: number } | null {
  if (!isJobError(error)) return null;
  const now = deps.clock.now();
  const detail = messageOf(error);
  const failures = (before?.failures ?? 0) + 1;
  const completeAtMs = before?.completeAtMs ?? null;
  const base = { attemptedAtMs: begunAtMs, completeAtMs, detail, failures };
  switch (error.code) {
    case 'aws.denied': {
      return {
        coverage: { ...base, status: 'denied', cause: causeOfDenial(error) },
        nextInMs: deps.timings.deniedMs,
      };
    }
    case 'aws.region-off':
      return {
        coverage: { ...base, status: 'regionOff', cause: 'region-off' },
        nextInMs: deps.timings.deniedMs,
      };
    case 'aws.throttled':
    case 'aws.unavailable': {
      const throttled = error.code === 'aws.throttled';
      // Waiting for our own share says nothing about the target, however often.
      const own = error.details.own === true;
      const failingSinceMs = before?.failingSinceMs ?? (own ? undefined : now);
      const forMs = now - (failingSinceMs ?? now);
      const isLasting = !own && failures >= OFTEN && forMs >= deps.timings.passingMs;
      const advisedMs = typeof error.retry === 'object' ? error.retry.afterMs : 0;
      const growingMs = deps.timings.retryMs * Math.min(failures, MOST_STEPS);
      const restMs = Math.min(deps.config.pollIntervalMs, deps.timings.passingMs);
      const waitMs = Math.max(advisedMs, isLasting ? restMs : growingMs);
      return {
        coverage: {
          ...base,
          failures: own ? failures - 1 : failures,
          failingSinceMs,
          attemptedAtMs: isLasting ? begunAtMs : null,
          status: isLasting ? (throttled ? 'throttled' : 'failed') : 'pending',
          cause: throttled ? 'aws-throttled' : 'aws-unavailable',
        },
        nextInMs: waitMs,
      };
    }
    case 'aws.invalid':
    case 'aws.organization':
      return {
        coverage: { ...base, status: 'failed', cause: 'aws-unavailable' },
        nextInMs: deps.config.pollIntervalMs,
      };
    case 'aws.credentials':
    case 'config.invalid':
    case 'config.unsafe':
    case 'payload.invalid':
    case 'teleport.unavailable':
    case 'teleport.denied':
    case 'teleport.invalid':
    case 'notify.failed':
    case 'ledger.unavailable':
    case 'ledger.corrupt':
    case 'bug.unknown':
      return null;
    default:
      return error.code satisfies never;
  }
}
