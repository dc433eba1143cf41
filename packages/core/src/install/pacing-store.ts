import { type PacedAction, type PacingSettings, shareOf } from './pacing.ts';
import type { Keys } from '../redis/keys.ts';
import type { Target } from '../organization/target.ts';
import type { RunScript } from '../redis/scripts.ts';

/** What is known of a call that AWS throttled. */
export interface ThrottleAnswer {
  /** AWS's `Retry-After`; null when it said none. */
  readonly retryAfterMs: number | null;
  /** From the call's leaving to its answer: one that left before the last cut says nothing new. */
  readonly tookMs: number;
}

/** For this long after the last call at a cut rate, the rate is not tried anew from the whole one. */
const REMEMBERED_MS = 10 * 60_000;

/** Token buckets per account × region × API, shared by all workers. */
export function createPacingLedger(deps: {
  readonly keys: Keys;
  readonly run: RunScript;
  readonly settings: PacingSettings;
}) {
  const call = async (
    mode: 'take' | 'take-if-known' | 'throttled',
    target: Target,
    action: PacedAction,
    ...more: readonly number[]
  ): Promise<number> => {
    const { burst, perSecond } = shareOf(deps.settings, action);
    const args = [mode, perSecond, burst, REMEMBERED_MS, ...more];
    return Number(await deps.run('take-token', [deps.keys.bucket(target, action)], args));
  };
  return {
    /** For work of many calls: 0 when the call may go, else the ms to wait. */
    take: (target: Target, action: PacedAction): Promise<number> => call('take', target, action),
    /** For work of few calls: waits only where a call was throttled lately. */
    takeIfKnown: (target: Target, action: PacedAction): Promise<number> =>
      call('take-if-known', target, action),
    /**
     * AWS throttled a call: the rate is cut, once for all calls that were under way, and nothing goes before AWS's own wait.
     *
     * @returns ms until the next call may go
     */
    throttled: (
      target: Target,
      action: PacedAction,
      { retryAfterMs, tookMs }: ThrottleAnswer,
    ): Promise<number> => call('throttled', target, action, retryAfterMs ?? 0, tookMs),
  };
}

/** Token buckets per account × region × API, shared by all workers. */
export type PacingLedger = ReturnType<typeof createPacingLedger>;
