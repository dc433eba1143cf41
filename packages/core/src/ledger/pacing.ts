import type { PacedAction, PacingSettings } from '../domain/pacing.ts';
import { shareOf } from '../domain/pacing.ts';
import type { PacingLedger } from '../ports/ledger.ts';
import type { Keys } from '../redis/keys.ts';
import type { Target } from '../domain/target.ts';
import type { RunScript } from './scripts.ts';

/** In this time without throttles a rate that was cut is whole again. */
const RECOVERY_MS = 30_000;

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
    askedMs: number,
  ): Promise<number> => {
    const { burst, perSecond } = shareOf(deps.settings, action);
    const args = [mode, perSecond, burst, RECOVERY_MS, askedMs];
    return Number(await deps.run('take-token', [deps.keys.bucket(target, action)], args));
  };
  return {
    take: (target, action) => call('take', target, action, 0),
    takeIfKnown: (target, action) => call('take-if-known', target, action, 0),
    throttled: async (target, action, retryAfterMs) => {
      await call('throttled', target, action, retryAfterMs ?? 0);
    },
  };
}
