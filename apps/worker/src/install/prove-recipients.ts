import type { Cause } from '@muster/core/enrollment/cause';
import type { TargetAccess } from '@muster/core/install/command';
import { judgeInstance } from '@muster/core/scan/eligibility';
import type { EnrollmentEvent } from '@muster/core/enrollment/event';
import { isJobError, type JobError } from '@muster/core/runtime/errors';
import type { Account } from '@muster/core/organization/account';
import type { InstanceId } from '@muster/core/organization/ids';
import type { Instance } from '@muster/core/scan/instance';
import { roleFor, type Matcher } from '@muster/core/scan/matcher';
import { targetId, type Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import { eventsOfSighting, isOfTarget, ownerAmong, waveOfInstance } from '../scan/judge-target.ts';
import type { Batch, Candidate } from './pick-batch.ts';
import { type Doubt, raiseUntrusted } from '../control/untrusted-ledger.ts';

/** What decides, by this worker's configuration and proven facts of the account, who in a target may be sent to. */
export interface SendScope {
  readonly account: Account;
  /** Those that cover the target, in file order. */
  readonly matchers: readonly Matcher[];
}

/** A batch that may be sent, as far as the ledger says, and by what it is judged. */
export interface BatchToSend {
  readonly batch: Batch;
  readonly scope: SendScope;
}

/** What EC2 says of a batch right before its send. */
export type Proof =
  /** Those of its candidates that may be sent to. */
  | { readonly kind: 'proven'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'wait'; readonly waitMs: number }
  | { readonly kind: 'denied'; readonly error: JobError };

/** What an answer of EC2's says about one candidate that is not to be sent to. */
interface LeftOut {
  readonly events: readonly EnrollmentEvent[];
  /** Why the ledger is not believed; null for what merely changed since the scan. */
  readonly doubt: string | null;
}

/**
 * Proves to whom a batch may be sent, by one DescribeInstances with the ids of its candidates. The ledger said who they
 * are, and others may write to Redis: so the worker judges EC2's own answer by its own matchers, with the functions of a
 * scan. Those that fail are judged anew on what EC2 says, and left out; the others are sent to.
 *
 * It comes before the claim: a process that is killed here leaves nothing behind, and what is sent afterwards is held in
 * memory and never read from Redis again. One send window is for proof and send together.
 *
 * @param windowEndMonotonicMs when the answer must be there, by `Clock.monotonicMs`
 */
export async function proveRecipients(
  target: Target,
  { batch, scope }: BatchToSend,
  windowEndMonotonicMs: number,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Proof> {
  const access: TargetAccess = { ...target, role: roleFor(batch.matcher, target.accountId) };
  const shown = await askEc2(access, batch.candidates, windowEndMonotonicMs, ctx, deps);
  if (!(shown instanceof Map)) return shown;
  const candidates: Candidate[] = [];
  const leftOut = new Map<Candidate, LeftOut>();
  for (const candidate of batch.candidates) {
    const why = judgeRecipient(shown.get(candidate.instanceId), target, { candidate, batch, scope }, deps);
    if (why === null) candidates.push(candidate);
    else leftOut.set(candidate, why);
  }
  if (leftOut.size > 0) {
    await leaveOut(target, leftOut, deps);
    ctx.log.warn(
      { target: targetId(target), left: leftOut.size, sent: candidates.length },
      'recipients left out: EC2 does not show them as the ledger has them',
    );
  }
  return { kind: 'proven', candidates };
}

/** Null: it is to be sent to. */
function judgeRecipient(
  instance: Instance | undefined,
  target: Target,
  { candidate, batch, scope }: BatchToSend & { readonly candidate: Candidate },
  deps: Pick<HandlerDeps, 'clock' | 'config'>,
): LeftOut | null {
  // Not `gone`: only a complete scan says that.
  if (instance === undefined || !isOfTarget(instance, target)) {
    const events = unfit('ec2-instance-elsewhere');
    return { events, doubt: 'EC2 does not show it in this account and region' };
  }
  const owner = ownerAmong(scope.matchers, instance);
  const wave = waveOfInstance(instance, scope.account, target, deps);
  const events = eventsOfSighting({ instance, owner, wave });
  if (owner === null) return { events, doubt: 'its tags are not what any matcher selects' };
  if (instance.state !== 'running') {
    // One that is starting is left to the next scan.
    return { events: events.length === 0 ? unfit('ec2-instance-not-running') : events, doubt: null };
  }
  if (owner.key !== batch.matcher.key) return { events, doubt: `its tags give it to ${owner.label}` };
  // Another wave may not have begun: the gates ask for that one.
  if (wave !== null && candidate.value.wave !== wave) return { events, doubt: null };
  const judgment = judgeInstance(instance, {
    nowMs: deps.clock.now(),
    minInstanceAgeMs: owner.minInstanceAgeMs,
  });
  if (judgment === null) return null;
  return {
    events: [...events, { kind: 'judged', judgment }],
    doubt: instance.platform === 'windows' ? 'it runs Windows' : null,
  };
}

function unfit(cause: Cause): readonly EnrollmentEvent[] {
  return [{ kind: 'judged', judgment: { kind: 'ineligible', cause } }];
}

/** Judges those that are left out anew, and tells what the ledger should not have had. */
async function leaveOut(
  target: Target,
  leftOut: ReadonlyMap<Candidate, LeftOut>,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
): Promise<void> {
  const byId = new Map([...leftOut].map(([{ instanceId }, why]) => [instanceId, why]));
  const records = new Map([...leftOut.keys()].map((candidate) => [candidate.instanceId, candidate]));
  await applyEvents(deps, target, records, (id) => byId.get(id)?.events ?? []);
  const doubts: Doubt[] = [...byId].flatMap(([id, { doubt }]) =>
    doubt === null ? [] : [{ id, why: doubt }],
  );
  if (doubts.length > 0) await raiseUntrusted(target, doubts, deps);
}

/** One call, which is given up when the send window ends: a throttle or no answer waits, a no is the target's. */
async function askEc2(
  access: TargetAccess,
  candidates: readonly Candidate[],
  windowEndMonotonicMs: number,
  ctx: JobContext,
  deps: Pick<HandlerDeps, 'clock' | 'timings' | 'instances'>,
): Promise<Map<InstanceId, Instance> | Exclude<Proof, { kind: 'proven' }>> {
  const leftMs = Math.max(0, windowEndMonotonicMs - deps.clock.monotonicMs());
  const look = AbortSignal.any([ctx.signal, AbortSignal.timeout(leftMs)]);
  const ids = candidates.map(({ instanceId }) => instanceId);
  try {
    return new Map(await deps.instances.describe(access, ids, look));
  } catch (error) {
    if (isJobError(error, 'aws.denied', 'aws.region-off')) return { kind: 'denied', error };
    const isLate = look.aborted && !ctx.signal.aborted;
    if (!isLate && !isJobError(error, 'aws.throttled', 'aws.unavailable')) throw error;
    const advisedMs = isJobError(error) && typeof error.retry === 'object' ? error.retry.afterMs : 0;
    return { kind: 'wait', waitMs: Math.max(advisedMs, deps.timings.retryMs) };
  }
}
