/** What an operator does in one step, free of any command line: actions (`actions/run-action.ts`) call these. */
import type { MusterConfig } from '../config/model.ts';
import { ORGANIZATION_MEMBER } from '../jobs/catalog.ts';
import { type Target, targetId } from '../organization/target.ts';
import { resumeRampId } from '../rollout/ramp/ramp-cover.ts';
import type { Clock } from '../runtime/clock-port.ts';
import type { Approval, ApprovalRequest } from './approval.ts';
import type { Ledger } from './ledger.ts';
import { isEndedNote, isEndedPause, isEndedRamp } from './resume-effects.ts';
import { printScope, type Scope } from './scope.ts';

interface ActDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
}

interface RampSettings {
  readonly config: Pick<MusterConfig, 'rollout'>;
}

/** No send starts in the scope after this; what has begun goes on. */
export async function pauseScope({ ledger, clock }: ActDeps, scope: Scope, reason: string): Promise<void> {
  await ledger.control.pause({ scope: printScope(scope), atMs: clock.now(), by: 'operator', reason });
}

/**
 * Ends a pause, a brake, the hold and a suspected loss of inventory, and wakes what waited for it.
 *
 * @returns whether there was anything to end
 */
export async function resumeScope(deps: ActDeps & RampSettings, scope: Scope): Promise<boolean> {
  const { ledger, clock } = deps;
  const text = printScope(scope);
  const ramp = await beginResumeRamps(deps, scope);
  let resumed = await ledger.control.resume(text);
  await ledger.brake.reset(text, clock.now());
  await ledger.control.clear('brake-engaged', text);
  for (const finding of await ledger.control.findings()) {
    if (isEndedNote(finding, text)) await ledger.control.clear(finding.kind, finding.scope);
  }
  if (scope.kind === 'all') {
    for (const pause of await ledger.control.pauses()) {
      if (isEndedPause(pause, text)) await ledger.control.resume(pause.scope);
    }
    await ledger.control.releaseHold();
    await ledger.control.clear('hold-first-send', 'all');
    await takeInventory(ledger);
    resumed = true;
  }
  if (ramp === resumeRampId('all')) {
    // It wakes as many as its steps let in, and lasts until all of these have asked.
    await ledger.ramps.wait(ramp, await targetsOfWaiting(ledger));
    return resumed;
  }
  await wakeAll(ledger);
  return resumed;
}

/**
 * The smaller inventory is the true one, says the operator: the next reading is compared with that. Wakes what waited.
 *
 * @returns whether one had dropped
 */
export async function acceptInventory({ ledger }: Pick<ActDeps, 'ledger'>): Promise<boolean> {
  const accepted = await takeInventory(ledger);
  if (accepted) await wakeAll(ledger);
  return accepted;
}

async function takeInventory({ nodes }: Pick<Ledger, 'nodes'>): Promise<boolean> {
  const { droppedTo = 0, ...facts } = await nodes.facts();
  // A reading that shows fewer still is no more believed than this one was.
  if (facts.dropped) await nodes.publish({ ...facts, nodes: droppedTo, error: null, dropped: false });
  return facts.dropped;
}

async function wakeAll(ledger: Pick<Ledger, 'enrollments' | 'due'>): Promise<void> {
  const targets = await targetsOfWaiting(ledger);
  await ledger.due.schedule('install', targets.map(targetId));
}

/** Targets with hosts that may be sent to, now or after their back-off: in most targets of an organization there is none. */
function targetsOfWaiting({ enrollments }: Pick<Ledger, 'enrollments'>): Promise<readonly Target[]> {
  return enrollments.targetsWith({ state: 'queued' }, { state: 'failed' }, { state: 'lost' });
}

/**
 * What a brake had stopped begins with a few hosts, and so does each ramp that had stopped. Before the pause is gone: a send
 * that no longer sees that sees the ramp.
 *
 * @returns the ramp of this resume; null when it ends no brake
 */
async function beginResumeRamps(
  { ledger, clock, config }: ActDeps & RampSettings,
  scope: Scope,
): Promise<string | null> {
  const rule = config.rollout.ramp;
  if (rule.off || (scope.kind !== 'all' && scope.kind !== 'account')) return null;
  const text: 'all' | `account:${string}` = scope.kind === 'all' ? 'all' : `account:${scope.value}`;
  const nowMs = clock.now();
  for (const ramp of await ledger.ramps.all()) {
    const { id, kind, subject } = ramp;
    if (!isEndedRamp(ramp, printScope(scope))) continue;
    await ledger.ramps.begin(id, { kind, subject, nowMs }, rule, 'anew');
    await ledger.control.clear('ramp-stopped', id);
  }
  const pauses = await ledger.control.pauses();
  const isBraked =
    pauses.some((pause) => pause.by === 'brake' && pause.scope === text) ||
    (await ledger.control.raised(['brake-engaged'], text)).has('brake-engaged');
  if (!isBraked) return null;
  const id = resumeRampId(text);
  await ledger.ramps.begin(id, { kind: 'resume', subject: text, nowMs }, rule, 'anew');
  return id;
}

/** Pins what the operator was shown, and wakes what waited for it: the targets of hosts, or the clean-up. @param by who, for people */
export async function approveRequest(
  { ledger }: Pick<ActDeps, 'ledger'>,
  shown: ApprovalRequest,
  by: string,
): Promise<Approval> {
  const approval = await ledger.approvals.approve(shown, by);
  if (shown.subject === 'cleanup:nodes') {
    await ledger.due.schedule('cleanup', [ORGANIZATION_MEMBER]);
    return approval;
  }
  await wakeAll(ledger);
  return approval;
}
