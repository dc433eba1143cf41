import { brakeTrips, type Scope } from '@muster/core/domain/control';
import type { AccountId } from '@muster/core/domain/ids';
import type { HandlerDeps } from '../deps.ts';

/**
 * Counts how installs ended and stops a scope when too many of its last ones failed: the account, and the whole
 * organization. A stopped scope stays stopped until an operator resumes it.
 *
 * @param failed one word per install that ended, true for a failure
 */
export async function applyBrake(
  deps: Pick<HandlerDeps, 'config' | 'ledger' | 'clock'>,
  accountId: AccountId,
  failed: readonly boolean[],
): Promise<void> {
  const { brake } = deps.config;
  if (!brake.enabled || failed.length === 0) return;
  for (const scope of ['all', `account:${accountId}`] as const satisfies readonly Scope[]) {
    const outcomes = await deps.ledger.control.recordOutcomes(scope, failed, brake.window);
    if (!brakeTrips(outcomes, brake)) continue;
    const share = Math.round((100 * outcomes.filter(Boolean).length) / outcomes.length);
    const reason = `${share} % of the last ${outcomes.length} installs failed`;
    await deps.ledger.control.pause({ scope, atMs: deps.clock.now(), by: 'brake', reason });
    await deps.ledger.control.raise({
      kind: 'brake-engaged',
      scope,
      sinceMs: deps.clock.now(),
      message: `Sending to ${scope} was stopped: ${reason}.`,
      remedy: `See why (muster instances --state failed), fix it, then run: muster resume ${resumeFlag(scope)}`,
    });
  }
}

function resumeFlag(scope: string): string {
  return scope === 'all' ? '--all' : `--${scope.replace(':', ' ')}`;
}
