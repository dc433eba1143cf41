/**
 * Does an action, step by step. Any process may take any step at any time: a step is one target's hosts, is counted once, and
 * finds what another process has done of it. So a process that is killed leaves no host out and does none twice.
 *
 * Records are written by processes that have the marker key: workers, and the command line. The scheduler begins actions and
 * does those of one step, which write no record.
 */
import type { MusterConfig } from '../../config/model.ts';
import type { ApplyDeps } from '../../enrollment/apply-events.ts';
import type { Catalog } from '../../jobs/catalog.ts';
import type { PayloadOf } from '../../jobs/define-job.ts';
import { requestSweep } from '../../organization/request-sweep.ts';
import type { Clock } from '../../runtime/clock-port.ts';
import { isJobError, messageOf } from '../../runtime/errors.ts';
import { plural } from '../../runtime/wording.ts';
import { StoredRequest } from '../approval.ts';
import type { Ledger } from '../ledger.ts';
import { acceptInventory, approveRequest, pauseScope, resumeScope } from '../operator-acts.ts';
import { isPinnedInventory } from '../resume-effects.ts';
import { ALL } from '../scope.ts';
import { cancelPart, retryPart, type StepCounts } from './act-on-part.ts';
import { type Action, type ActionId, type ActionPart, isBulk, rampOfAction } from './action.ts';
import { sweepScopeOf } from './plan-one-step.ts';
import { OTHER_INVENTORY, readShownResume, scopeOfAction, scopesOf } from './scopes-of-action.ts';
import { noteAction } from './start-action.ts';

export interface RunDeps {
  readonly ledger: Ledger;
  readonly config: ApplyDeps['config'] & Pick<MusterConfig, 'rollout' | 'limits'>;
  readonly clock: Clock;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  /** Gives cancellations to the workers. */
  readonly enqueueCancels: (payloads: readonly PayloadOf<Catalog['cancel-command']>[]) => Promise<void>;
}

/** What a turn came to. */
export interface Turn {
  /** Nothing is left to do, in this turn or another. */
  readonly isOver: boolean;
  /** Accounts of the hosts that this turn reached. */
  readonly accounts: ReadonlySet<string>;
}

const NOTHING: Turn = { isOver: true, accounts: new Set() };

/**
 * Goes on with an action until it is over or the turn's time is. What does not run is left alone.
 *
 * @param turnMs how long this turn may take, to the end of a step
 */
export async function runAction(deps: RunDeps, id: ActionId, turnMs: number): Promise<Turn> {
  const action = await deps.ledger.actions.read(id);
  if (action === null || action.state !== 'running') return NOTHING;
  if ('scope' in action.selection && scopeOfAction(action) === null) {
    await end(deps, action, 'failed', `this release cannot read the scope ${action.selection.scope}`);
    return NOTHING;
  }
  if (isBulk(action.kind)) return runSteps(deps, action, deps.clock.monotonicMs() + turnMs);
  try {
    const { state, message } = await doAtOnce(deps, action);
    await end(deps, action, state, message);
  } catch (error) {
    // What Redis did not take is tried again; of all else another try would come to the same.
    if (isJobError(error, 'ledger.unavailable') || !isJobError(error)) throw error;
    await end(deps, action, 'failed', messageOf(error));
  }
  return NOTHING;
}

async function runSteps(deps: RunDeps, action: Action, untilMs: number): Promise<Turn> {
  const { ledger, clock } = deps;
  const accounts = new Set<string>();
  await beginRamp(deps, action);
  for (let cursor = action.cursor; cursor < action.parts; ) {
    const part = await ledger.actions.part(action.id, cursor);
    const counts = part === null ? NO_HOSTS : await doPart(deps, action, part);
    if (part !== null && counts.done > 0) accounts.add(part.target.accountId);
    const now = await ledger.actions.step(action.id, cursor, counts);
    if (now.state !== 'running') return { isOver: true, accounts };
    // Another process may have gone further meanwhile.
    cursor = Math.max(now.cursor, cursor);
    if (clock.monotonicMs() >= untilMs && cursor < action.parts) return { isOver: false, accounts };
  }
  const { progress } = (await ledger.actions.read(action.id)) ?? action;
  await end(deps, action, 'done', describeEnd(action, progress.done));
  return { isOver: true, accounts };
}

const NO_HOSTS: StepCounts = { done: 0, skipped: 0, failed: 0 };

function doPart(deps: RunDeps, action: Action, part: ActionPart): Promise<StepCounts> {
  const scope = scopeOfAction(action);
  // Without a scope the ids alone say who is meant.
  if (scope === null && part.ids === null) return Promise.resolve(NO_HOSTS);
  if (action.kind === 'cancel') return cancelPart(deps, part, deps.enqueueCancels);
  return retryPart(deps, part, scope ?? ALL, rampOfAction(action.id));
}

/** Begun before the first record says so: no host of a retry of many is sent to without it. */
async function beginRamp({ ledger, config, clock }: RunDeps, action: Action): Promise<void> {
  const rule = config.rollout.ramp;
  if (action.kind !== 'retry' || rule.off || scopeOfAction(action)?.kind === 'instance') return;
  const subject = 'scope' in action.selection ? action.selection.scope : action.about;
  const about = { kind: 'retry', subject, nowMs: clock.now() } as const;
  await ledger.ramps.begin(rampOfAction(action.id), about, rule, 'once');
}

function describeEnd({ kind }: Action, done: number): string {
  return kind === 'retry'
    ? `${plural(done, 'host')} will be tried again`
    : `cancellation was asked for on ${plural(done, 'host')}`;
}

/** The audit first: told once, whichever process ends it. */
async function end(
  { ledger, config }: RunDeps,
  action: Action,
  state: 'done' | 'failed',
  message: string,
): Promise<void> {
  const now = (await ledger.actions.read(action.id)) ?? action;
  if (now.state !== 'running') return;
  await noteAction(ledger, { ...now, message }, state);
  // A few need no ramp, and a retry that found none had nothing to begin.
  if (action.kind === 'retry' && now.progress.done <= config.rollout.ramp.first) {
    await ledger.ramps.drop(rampOfAction(action.id));
  }
  await ledger.actions.end(action.id, state, message);
}

/** How an act of one step ended. */
interface Ended {
  readonly state: 'done' | 'failed';
  readonly message: string;
}

function done(message: string): Ended {
  return { state: 'done', message };
}

function failed(message: string): Ended {
  return { state: 'failed', message };
}

/**
 * An act of one step. What it is about to do is kept before, and that it is done after: a process that takes over from one that
 * was killed in between does what is left, tells what the first one saw, and does nothing that is done already.
 */
async function doAtOnce(deps: RunDeps, action: Action): Promise<Ended> {
  const { actions } = deps.ledger;
  if (action.isActed) return done(action.effect ?? '');
  const ended = await act(deps, action);
  if (ended.state === 'failed') return ended;
  const effect = await actions.foresee(action.id, ended.message);
  await actions.noteActed(action.id);
  return done(effect);
}

async function act(deps: RunDeps, action: Action): Promise<Ended> {
  const { ledger } = deps;
  const { actions } = ledger;
  switch (action.kind) {
    case 'pause': {
      const scopes = await scopesOf(ledger, action);
      if (scopes.length === 0) return failed('no host was chosen: nothing was paused');
      for (const scope of scopes) await pauseScope(deps, scope, action.start?.reason ?? '');
      const count = scopeOfAction(action) === null ? `${scopes.length} of ` : '';
      return done(`paused ${count}${action.about}`);
    }
    case 'resume': {
      const scopes = await scopesOf(ledger, action);
      const { ends, unshown, left } = await readShownResume(deps, action, scopes);
      if (unshown !== null) {
        const why = `it would end ${unshown} by now, which was not shown: plan again`;
        if (action.effect === null) return failed(why);
        // The first try was killed, and what came since is not its to end. What it foresaw is told when nothing of that is left.
        return left === 0 ? done(action.effect) : failed(`some of it may be done; for the rest ${why}`);
      }
      const isAny = ends.length > 0 || scopes.some(({ kind }) => kind === 'all');
      await actions.foresee(action.id, `${isAny ? 'resumed' : 'nothing was paused for'} ${action.about}`);
      for (const scope of scopes) await resumeScope(deps, scope);
      return done(action.about);
    }
    case 'sweep': {
      const asked = scopeOfAction(action);
      const scope = asked === null ? null : sweepScopeOf(asked);
      if (scope === null) return failed(`no sweep can be narrowed to ${action.about}`);
      const { targets, accounts } = await requestSweep({ ledger, newId: () => action.id }, scope);
      return done(`${plural(targets, 'target')} in ${plural(accounts, 'account')} are read now`);
    }
    case 'approve': {
      const request = StoredRequest.parse(JSON.parse(action.pinned ?? ''));
      await approveRequest(deps, request, action.start?.by.name ?? '');
      return done(
        `approved ${request.subject}: ${plural(request.hosts, 'host')} in ${plural(request.accounts, 'account')}`,
      );
    }
    case 'accept-inventory': {
      const facts = await ledger.nodes.facts();
      const isShown = isPinnedInventory(facts, action.pinned);
      // After a kill another one may have dropped: the first try may have accepted what was shown, and this one is not it.
      if (facts.dropped && !isShown && action.effect === null) return failed(OTHER_INVENTORY);
      const isAny = facts.dropped && isShown;
      await actions.foresee(action.id, isAny ? 'the smaller inventory is taken for true' : NO_INVENTORY);
      if (isAny) await acceptInventory(deps);
      return done(NO_INVENTORY);
    }
    case 'retry':
    case 'cancel':
      throw new Error(`${action.kind} is done in steps`);
    default:
      return action.kind satisfies never;
  }
}

const NO_INVENTORY = 'no inventory waited to be accepted';
