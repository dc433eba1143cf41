import type { PacedAction, PacingSettings } from '../domain/pacing.ts';
import { shareOf } from '../domain/pacing.ts';
import type { PacingLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import type { Target } from '../domain/target.ts';
import type { RunScript } from './scripts.ts';

/** For this long after the last call at a cut rate, the rate is not tried anew from the whole one. */
const REMEMBERED_MS = 10 * 60_000;

/** Token buckets per account × region × API, shared by all workers. */
export function createPacingLedger(deps: {
  readonly keys: Keys;
  readonly run: RunScript;
  readonly settings: PacingSettings;
}): PacingLedger {
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
    take: (target, action) => call('take', target, action),
    takeIfKnown: (target, action) => call('take-if-known', target, action),
    throttled: (target, action, { retryAfterMs, tookMs }) =>
      call('throttled', target, action, retryAfterMs ?? 0, tookMs),
  };
}
