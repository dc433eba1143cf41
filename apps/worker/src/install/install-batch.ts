import { INSTANCES_PER_COMMAND } from '@muster/core/install/command';
import { isJobError, JobError } from '@muster/core/runtime/errors';
import { coversRegion } from '@muster/core/scan/matcher';
import { readGateFacts } from '@muster/core/rollout/gate-facts';
import { type ClosedGate, OF_READING } from '@muster/core/rollout/gates';
import type { WaitReason } from '@muster/core/rollout/send-wait';
import type { MatcherKey } from '@muster/core/organization/ids';
import { targetId, type Target } from '@muster/core/organization/target';
import type { JobContext } from '@muster/core/jobs/define-job';
import { applyEvents } from '@muster/core/enrollment/apply-events';
import type { HandlerDeps } from '../deps.ts';
import { doDueWork, type DueOutcome } from '../due-work.ts';
import { areTrusted } from '../control/distrust-target.ts';
import { enterEpoch } from '../control/enter-epoch.ts';
import { pickBatch } from './pick-batch.ts';
import { awaitProof, isOfAnotherOrganization, scopeOfAccount } from '../organization/account-scope.ts';
import { causeOfDenial, markPartial } from '../scan/scan-coverage.ts';
import type { SendScope } from './prove-recipients.ts';
import { sendBatch } from './send-batch.ts';
import { letInByRamps } from '../rollout/ramp-slots.ts';
import { askSendPermission, withheldMs } from '../rollout/send-permission.ts';
import { raiseUntrusted } from '../control/untrusted-ledger.ts';

type Result = { sent: number; instances: number; stopped: Stopped };

/**
 * Turns of one job, each a command or a try at one, before others have theirs: enough for a target at SSM's quota of
 * 2,400 nodes, which at the end of a long queue would be what everything waits for.
 */
const TURNS_PER_JOB = 50;
/** Half of the time a job has. */
const TURNS_MS = 60_000;
/** Ends of a job that leave no candidates waiting. */
const OVER = ['idle', 'inactive', 'out-of-scope', 'denied', 'aborted', 'turn over'] as const;
/** Why a job ended: all else is what its candidates wait for. */
type Stopped = (typeof OVER)[number] | 'throttled' | WaitReason;
/** Waits that are over when the target is due again. */
const ENDS_WHEN_DUE: ReadonlySet<WaitReason> = new Set<WaitReason>(['epoch', 'pacing']);

/** How a job ended, and what its wait is about: see `SendWait`. */
type Ended = DueOutcome<Result> & { readonly subject?: string | null; readonly untilMs?: number | null };

/** What one job has sent: commands, and hosts. */
type Sums = Pick<Result, 'sent' | 'instances'>;
const NOTHING_SENT: Sums = { sent: 0, instances: 0 };

/** More than any target can hold. */
const MANY = 100_000;

/**
 * Sends to one target's candidates, batch after batch, as the protocol of docs/sending-once.md says: claim with an
 * intent in one write, send once, record. Killed between any two lines it leaves an intent that `collect-command` ends.
 */
export async function handleInstallBatch(
  { target }: { readonly target: Target },
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<Result> {
  ctx.note({ target: targetId(target) });
  return doDueWork(deps, 'install', targetId(target), async () => {
    const scope = await scopeOfTarget(target, ctx, deps);
    if (!('matchers' in scope)) {
      await tellWait(target, scope, deps);
      return scope;
    }
    const outcome = await sendAll(target, scope, ctx, deps);
    await tellWait(target, outcome, deps);
    return outcome;
  });
}

/** What covers the target by this worker's configuration; else what becomes of its candidates. */
async function scopeOfTarget(
  target: Target,
  ctx: JobContext,
  deps: HandlerDeps,
): Promise<SendScope | DueOutcome<Result>> {
  const known = await deps.ledger.coverage.account(target.accountId);
  if (known === null) return leaveAlone(target, 'no listing of accounts shows its account', deps);
  const { account, regions } = known;
  if (isOfAnotherOrganization(account, deps)) {
    return done(deps.timings.heldMs, NOTHING_SENT, 'organization');
  }
  const scope = await scopeOfAccount(account, 'send', ctx.signal, deps);
  if (scope.kind === 'unproven') {
    return done(await awaitProof(target.accountId, scope.seal, deps), NOTHING_SENT, 'unproven');
  }
  if (scope.kind === 'outside') return leaveAlone(target, 'no matcher covers its account', deps);
  if (account.state !== 'ACTIVE') return done(null, NOTHING_SENT, 'inactive');
  const matchers = scope.matchers.filter((matcher) => coversRegion(matcher, target.region));
  if (matchers.length === 0) return leaveAlone(target, 'no matcher covers its region', deps);
  // A scan that finds it in scope again makes its candidates due again.
  return regions?.includes(target.region) === true
    ? { account, matchers }
    : done(null, NOTHING_SENT, 'out-of-scope');
}

/** Nothing is sent where the configuration does not reach: its candidates are told of, and a scan retires the target. */
async function leaveAlone(
  target: Target,
  why: string,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock'>,
): Promise<DueOutcome<Result>> {
  const foreign: string[] = [];
  const ids = await deps.ledger.enrollments.candidates(target, Number.MAX_SAFE_INTEGER, MANY, (id) =>
    foreign.push(id),
  );
  const listed = [...ids, ...foreign];
  if (listed.length > 0) {
    await raiseUntrusted(
      target,
      listed.map((id) => ({ id, why })),
      deps,
    );
    await deps.ledger.due.schedule('scan', [targetId(target)]);
  }
  return done(null, NOTHING_SENT, 'out-of-scope');
}

function waitOf(stopped: Stopped): WaitReason | null {
  if (stopped === 'throttled') return 'pacing';
  return isOver(stopped) ? null : stopped;
}

function isOver(stopped: Stopped): stopped is (typeof OVER)[number] {
  return OVER.some((one) => one === stopped);
}

/** What keeps the target's candidates from being sent to, for people: no send hangs on it. */
async function tellWait(
  target: Target,
  { nextInMs, result, subject = null, untilMs: endsAtMs }: Ended,
  { ledger, clock }: Pick<HandlerDeps, 'ledger' | 'clock'>,
): Promise<void> {
  const reason = waitOf(result.stopped);
  if (reason === null) return ledger.waits.clear(target);
  const nowMs = clock.now();
  const untilMs = endsAtMs ?? (ENDS_WHEN_DUE.has(reason) ? nowMs + (nextInMs ?? 0) : null);
  return ledger.waits.note(target, { reason, subject, untilMs, nowMs, hasSent: result.sent > 0 });
}

/** Batch after batch, until there is nothing to send, something says wait, or others should have a turn. */
async function sendAll(target: Target, scope: SendScope, ctx: JobContext, deps: HandlerDeps): Promise<Ended> {
  const { matchers } = scope;
  const sums = { sent: 0, instances: 0 };
  let limit = INSTANCES_PER_COMMAND;
  // Matchers whose ramps or waves let in no host of this target now: those of the others, and repairs, do not wait behind them.
  const waiting = new Set<MatcherKey>();
  let wait: TurnWait | null = null;
  const untilMs = deps.clock.monotonicMs() + TURNS_MS;
  for (let turn = 0; turn < TURNS_PER_JOB && deps.clock.monotonicMs() < untilMs; turn += 1) {
    if (ctx.signal.aborted) return done(0, sums, 'aborted');
    const permission = await askSendPermission(deps);
    if (permission.kind === 'withheld') {
      const { reason, freeze } = permission;
      const inMs =
        reason === 'inventory' ? await nextTurnMs(['inventory'], deps) : withheldMs(permission, deps);
      const ended = done(inMs, sums, reason);
      return { ...ended, subject: freeze?.name ?? null, untilMs: freeze?.untilMs ?? null };
    }
    const epoch = await enterEpoch(target, matchers, ctx, deps).catch(asDenial);
    if (epoch instanceof JobError) return denied(target, epoch, sums, deps);
    if (typeof epoch !== 'string') {
      return done(epoch.notBeforeMs - deps.clock.now(), sums, 'epoch');
    }
    const gates = await readGateFacts(
      { ledger: deps.ledger, config: deps.config, nowMs: deps.clock.now() },
      target,
      permission.pauses,
    );
    const { batch, closed, full } = await pickBatch(target, { matchers, waiting, gates, limit }, deps);
    if (full !== null) {
      waiting.add(full.matcher);
      wait = { reason: 'cap', inMs: await nextTurnMs([`wave:${full.wave}`], deps) };
      continue;
    }
    if (batch === null) return nothingToSend(target, { sums, closed, wait }, deps);
    if (!(await areTrusted(target, batch.candidates, deps))) continue;
    const letIn = await letInByRamps(target, batch, gates, deps);
    if (letIn.kind === 'none') {
      // A step that has room for more wakes the target.
      const inMs = letIn.soon ? deps.timings.retryMs : 10 * deps.timings.heldMs;
      waiting.add(batch.matcher.key);
      if (wait === null || inMs < wait.inMs) wait = { reason: 'ramp', inMs };
      continue;
    }
    const step = await sendBatch(target, { batch: letIn.batch, scope, epoch }, ctx, deps);
    if (step.kind === 'full') return done(await nextTurnMs(step.full, deps), sums, 'cap');
    if (step.kind === 'no-slots') continue;
    if (step.kind === 'denied') return denied(target, step.error, sums, deps);
    if (step.kind === 'wait') return done(step.waitMs, sums, 'throttled');
    // A whole call that names no culprit is halved until the culprit stands alone.
    limit = step.kind === 'halve' ? Math.max(1, Math.ceil(step.size / 2)) : INSTANCES_PER_COMMAND;
    if (step.kind === 'sent') {
      sums.sent += 1;
      sums.instances += step.size;
    }
  }
  return done(0, sums, 'turn over');
}

/** While a cap is full or the inventory too old, every target with candidates waits for the same: they look again in turns. */
function nextTurnMs(
  awaited: readonly string[],
  { ledger, timings }: Pick<HandlerDeps, 'ledger' | 'timings'>,
): Promise<number> {
  return ledger.caps.nextTurnMs(awaited, { atLeastMs: timings.retryMs, apartMs: timings.turnApartMs });
}

/** A role that may not list commands cannot send safely, and that is a finding about the account, not a failed job. */
function asDenial(error: unknown): JobError {
  if (isJobError(error, 'aws.denied', 'aws.region-off')) return error;
  throw error;
}

async function denied(
  target: Target,
  denial: JobError,
  sums: Sums,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
): Promise<DueOutcome<Result>> {
  await withdrawCandidates(target, denial, deps);
  return done(null, sums, 'denied');
}

/** Nothing is sent to a target whose commands cannot be looked at: its candidates say why, and so does its coverage. */
async function withdrawCandidates(
  target: Target,
  denial: JobError,
  deps: Pick<HandlerDeps, 'ledger' | 'config' | 'clock' | 'random'>,
): Promise<void> {
  const ids = await deps.ledger.enrollments.candidates(target, Number.MAX_SAFE_INTEGER, MANY);
  const records = await deps.ledger.enrollments.read(target, ids);
  const judgment = { kind: 'ineligible', cause: causeOfDenial(denial) } as const;
  await applyEvents(deps, target, records, () => [{ kind: 'judged', judgment }]);
  await markPartial(deps.ledger, target, denial);
}

/** What hosts wait for that no gate holds: slots of a ramp, or room in their wave. */
interface TurnWait {
  readonly reason: 'ramp' | 'cap';
  /** When they are looked at again. */
  readonly inMs: number;
}

/**
 * Due again when the next candidate is. Of those that wait although their time has come a gate is closed: due when it opens,
 * or looked at seldom, since what opens it makes the target due.
 */
async function nothingToSend(
  target: Target,
  {
    sums,
    closed,
    wait,
  }: { readonly sums: Sums; readonly closed: ClosedGate | null; readonly wait: TurnWait | null },
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
): Promise<Ended> {
  const nextAtMs = await deps.ledger.enrollments.nextCandidateAt(target);
  if (nextAtMs === null) return done(null, sums, 'idle');
  const nowMs = deps.clock.now();
  if (nextAtMs > nowMs) return done(nextAtMs - nowMs, sums, 'idle');
  if (closed === OF_READING) return done(deps.timings.retryMs, sums, closed.reason);
  const untilMs = closed?.untilMs ?? null;
  const nextInMs = untilMs === null ? deps.timings.heldMs : Math.max(0, untilMs - nowMs);
  if (wait === null && closed?.reason !== 'freeze') {
    const inMs = Math.min(nextInMs, deps.timings.heldMs);
    return { ...done(inMs, sums, closed?.reason ?? 'idle'), subject: closed?.subject ?? null };
  }
  // Before a turn comes, or a freeze ends, another candidate may be due that waits for neither.
  const laterAtMs = await deps.ledger.enrollments.nextCandidateAt(target, nowMs);
  const laterInMs = (laterAtMs ?? Number.POSITIVE_INFINITY) - nowMs;
  if (wait !== null) {
    const opensInMs = untilMs === null ? Number.POSITIVE_INFINITY : nextInMs;
    return done(Math.min(wait.inMs, opensInMs, laterInMs), sums, wait.reason);
  }
  // The end of a freeze is known to the moment.
  const inMs = Math.min(nextInMs, deps.timings.frozenMs, laterInMs);
  return { ...done(inMs, sums, 'freeze'), subject: closed?.subject ?? null, untilMs };
}

function done(nextInMs: number | null, { sent, instances }: Sums, stopped: Stopped): DueOutcome<Result> {
  return { nextInMs, result: { sent, instances, stopped } };
}
