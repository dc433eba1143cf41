import type { Coverage } from '@muster/core/domain/coverage';
import { isJobError, messageOf, type JobError } from '@muster/core/domain/errors';
import type { HandlerDeps } from '../deps.ts';

/** Failed readings in a row after which a target counts as read, badly, and waits for the next round. */
const GIVE_UP_AFTER = 8;

export function completeCoverage(nowMs: number): Coverage {
  return {
    status: 'complete',
    attemptedAtMs: nowMs,
    completeAtMs: nowMs,
    cause: null,
    detail: '',
    failures: 0,
  };
}

/** Read, but not all that must be known of it: what is missing is in `error`. Its instances are known and wait. */
export function partialCoverage(error: JobError, before: Coverage | null, nowMs: number): Coverage {
  return {
    status: 'partial',
    attemptedAtMs: nowMs,
    completeAtMs: before?.completeAtMs ?? null,
    cause: 'ec2-perm-account-denied',
    detail: messageOf(error),
    failures: 0,
  };
}

/**
 * What a failed reading says about its target, and when to read it again; null for an error that says nothing about
 * the target and is thrown on. A passing failure is tried again soon, and only counts as this round's result when it
 * has come often in a row: the target stays `pending` until then.
 */
export function coverageOfFailure(
  error: unknown,
  failures: number,
  deps: Pick<HandlerDeps, 'clock' | 'timings' | 'config'>,
): { readonly coverage: Coverage; readonly nextAtMs: number } | null {
  if (!isJobError(error)) return null;
  const now = deps.clock.now();
  const detail = messageOf(error);
  const base = { attemptedAtMs: now, completeAtMs: null, detail, failures };
  switch (error.code) {
    case 'aws.denied': {
      const cause = error.details['scp'] === true ? 'scp-denied-region' : 'ec2-perm-account-denied';
      return { coverage: { ...base, status: 'denied', cause }, nextAtMs: now + deps.timings.deniedMs };
    }
    case 'aws.region-off':
      return {
        coverage: { ...base, status: 'regionOff', cause: 'region-off' },
        nextAtMs: now + deps.timings.deniedMs,
      };
    case 'aws.throttled':
    case 'aws.unavailable': {
      const throttled = error.code === 'aws.throttled';
      // Waiting for our own share says nothing about the target, however often.
      const own = error.details['own'] === true;
      const settled = !own && failures >= GIVE_UP_AFTER;
      const advisedMs = typeof error.retry === 'object' ? error.retry.afterMs : 0;
      const waitMs = Math.max(advisedMs, deps.timings.retryMs * Math.min(failures, 6));
      return {
        coverage: {
          ...base,
          failures: own ? failures - 1 : failures,
          attemptedAtMs: settled ? now : 0,
          status: settled ? (throttled ? 'throttled' : 'failed') : 'pending',
          cause: throttled ? 'aws-throttled' : 'aws-unavailable',
        },
        nextAtMs: now + (settled ? deps.config.pollIntervalMs : waitMs),
      };
    }
    case 'aws.invalid':
    case 'aws.organization':
      return {
        coverage: { ...base, status: 'failed', cause: 'aws-unavailable' },
        nextAtMs: now + deps.config.pollIntervalMs,
      };
    case 'aws.credentials':
    case 'config.invalid':
    case 'config.unsafe':
    case 'payload.invalid':
    case 'teleport.unavailable':
    case 'teleport.denied':
    case 'teleport.invalid':
    case 'ledger.unavailable':
    case 'ledger.corrupt':
    case 'bug.unknown':
      return null;
    default:
      return error.code satisfies never;
  }
}
