import type { AwsClock } from './aws-clock.ts';
import type { Call, MakeAttempt } from './attempt.ts';
import type { SigningKeys } from './call-scope.ts';
import { type AwsFault, toJobError } from './classify-error.ts';

/** Who a call is made as, and what can be done when AWS does not like the keys. */
export interface Identity {
  /** Throws JobErrors; rejects with the signal's reason when aborted. */
  keys(signal: AbortSignal): Promise<SigningKeys>;
  /** Forgets these keys, so that the next `keys` brings new ones. */
  renew(stale: SigningKeys): void;
  /** Whether AWS still knows the keys outside of the region that refused them. */
  isAlive(keys: SigningKeys, signal: AbortSignal): Promise<boolean>;
  readonly kind: 'base' | 'session';
}

/** A call that changes nothing and may be repeated. */
export interface ReadCall<Reply> extends Call<Reply> {
  /**
   * Whether a throttle is waited out here, up to `PATIENCE_MS`. Off, the caller hears of it at once and frees its job.
   * On for the later pages of a listing: giving up there would throw away the pages read, and a long listing would never end.
   */
  readonly patient: boolean;
}

/** Makes a reading call with its retries; see `createReader`. */
export type Read = <Reply>(call: ReadCall<Reply>, identity: Identity) => Promise<Reply>;

const MAX_TRIES = 3;
const TRANSIENT_BASE_MS = 100;
/** A `Retry-After` longer than this is for the job to wait out. */
const LONGEST_PAUSE_MS = 5_000;
const PATIENCE_MS = 60_000;

/**
 * The one layer of retries for reads: 5xx, resets and garbled answers up to three tries, new keys once when AWS says they are
 * stale. A region that does not know keys which work elsewhere is off (`aws.region-off`). Throws JobErrors, or the signal's
 * reason when it is aborted.
 *
 * @param deps.random 0 (included) to 1, for jitter.
 */
export function createReader(deps: {
  readonly attempt: MakeAttempt;
  readonly clock: AwsClock;
  readonly random: () => number;
}): Read {
  return async (call, identity) => {
    let failures = 0;
    let throttles = 0;
    let waitedMs = 0;
    let renewed = false;
    let corrected = false;
    for (;;) {
      const keys = await identity.keys(call.signal);
      const corrections = deps.clock.corrections();
      const result = await deps.attempt(call, keys);
      if (result.ok) return result.reply;
      call.signal.throwIfAborted();
      const { fault } = result;

      if (fault.kind === 'throttled' && call.patient && waitedMs < PATIENCE_MS) {
        const pauseMs = Math.max(
          fault.retryAfterMs ?? 0,
          250 + deps.random() * 1000 * 2 ** Math.min(throttles, 3),
        );
        throttles += 1;
        waitedMs += pauseMs;
        await deps.clock.sleep(pauseMs, call.signal);
        continue;
      }
      if (
        fault.kind === 'unavailable' &&
        failures + 1 < MAX_TRIES &&
        (fault.retryAfterMs ?? 0) <= LONGEST_PAUSE_MS
      ) {
        const pauseMs = fault.retryAfterMs ?? 20 + deps.random() * TRANSIENT_BASE_MS * 2 ** failures;
        failures += 1;
        await deps.clock.sleep(pauseMs, call.signal);
        continue;
      }
      const isAboutKeys = fault.kind === 'expired' || fault.kind === 'unrecognized';
      if (isAboutKeys && !corrected && deps.clock.corrections() > corrections) {
        // Signed by a wrong time: the answer has told the right one.
        corrected = true;
        continue;
      }
      if (
        fault.kind === 'unrecognized' &&
        call.region !== null &&
        (await identity.isAlive(keys, call.signal))
      ) {
        throw toJobError({ ...fault, kind: 'region-off' }, call);
      }
      if (isAboutKeys && !renewed) {
        renewed = true;
        identity.renew(keys);
        continue;
      }
      throw toJobError(blameKeys(fault, identity), call);
    }
  };
}

/** Keys that AWS refuses twice in a row: the worker's own are the operator's to fix, a session's may be good the next time. */
function blameKeys(fault: AwsFault, identity: Identity): AwsFault {
  const isAboutKeys = fault.kind === 'expired' || fault.kind === 'unrecognized';
  return isAboutKeys && identity.kind === 'base' ? { ...fault, kind: 'base-credentials' } : fault;
}
