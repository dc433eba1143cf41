/** What a ramp is about, where it stands and why it stopped, in words. */
import type { Finding } from '../../control/findings.ts';
import { describeScope, parseScope, printScope, scopeFlag } from '../../control/scope.ts';
import { isCause, causeFacts } from '../../enrollment/cause.ts';
import { plural } from '../../runtime/wording.ts';
import type { RampFacts, RampState } from './ramp-store.ts';

/** Causes named in a finding. */
const CAUSES_SHOWN = 3;

/** The finding of a ramp that has stopped. @param causes how many hosts have each, over the whole ledger */
export function findingOfStop(ramp: RampState, causes: ReadonlyMap<string, number>, nowMs: number): Finding {
  const { step } = ramp;
  const failed = step.failed + step.triedFailed;
  const accounts = step.failedByAccount.filter((count) => count > 0).length;
  const common = [...causes]
    .filter(([cause]) => isOfSend(cause))
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, CAUSES_SHOWN)
    .map(([cause, count]) => `${cause} (${count}: ${isCause(cause) ? causeFacts(cause).title : ''})`);
  return {
    kind: 'ramp-stopped',
    scope: ramp.id,
    sinceMs: ramp.stoppedAtMs ?? nowMs,
    message: `Muster begins with a few hosts, and here too many of them failed or did not join in time. The ramp of ${describeRamp(ramp)} stopped at step ${ramp.grown + 1}: ${failed} of ${step.tried + step.taken} hosts failed, in ${plural(accounts, 'account')}; of the last ${step.taken}, ${step.joined} joined. Muster sends to no other host of this ramp. Most common causes of failed hosts, in all accounts: ${common.join(', ') || 'none'}.`,
    remedy: `See why (muster instances --state failed, then muster explain INSTANCE), fix it, then run: muster resume ${flagOfRamp(ramp)}. The ramp then begins anew with its first step. With --dry-run the command only says what else it ends.`,
    count: failed,
  };
}

/** Whether hosts fail with it after a send; others say why nothing is sent. */
function isOfSend(cause: string): boolean {
  return isCause(cause) && cause !== 'node-lost' && causeFacts(cause).handling !== 'recheck';
}

/** Such as `the matcher aws[0]`, `the resume of account 111122223333`. */
export function describeRamp({ kind, subject }: RampFacts): string {
  if (kind === 'matcher') return `the matcher ${subject}`;
  const scope = parseScope(subject);
  return `the ${kind} of ${scope === null ? subject : describeScope(printScope(scope))}`;
}

/** With which option `muster resume` begins it anew. */
export function flagOfRamp({ kind, subject }: RampFacts): string {
  const scope = kind === 'resume' ? parseScope(subject) : null;
  return scope?.kind === 'account' ? scopeFlag(`account:${scope.value}`) : '--all';
}

/** Whether hosts of it are under way or wait for it, or it is stopped and its matcher is worked by: else there is nothing to tell. */
export function isOfInterest({ step, waiting, stoppedAtMs, isWanted }: RampState): boolean {
  return (stoppedAtMs !== null && isWanted) || waiting > 0 || step.taken > step.joined + step.failed;
}

/** Where it stands, such as `step 4 of a ramp: 40 of 40 joined, next 80`. */
export function describeStep({ step, grown, stoppedAtMs, factor }: RampState): string {
  const failed = step.failed === 0 ? '' : `, ${step.failed} failed`;
  const then = stoppedAtMs === null ? `next ${step.size * factor}` : 'stopped';
  return `step ${grown + 1} of a ramp: ${step.joined} of ${step.size} joined${failed}, ${then}`;
}
