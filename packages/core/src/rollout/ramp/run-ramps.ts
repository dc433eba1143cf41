/** Moves ramps on: to the next step when one is done, to a stop when too many fail; and wakes those that wait for it. */
import type { MusterConfig } from '../../config/model.ts';
import { noteOwnAct } from '../../control/audit/own-acts.ts';
import type { Ledger } from '../../control/ledger.ts';
import { targetId } from '../../organization/target.ts';
import { moveOfRamp } from './ramp.ts';
import { describeRamp, findingOfStop } from './describe-ramp.ts';
import type { RampState } from './ramp-store.ts';

interface RampDeps {
  readonly ledger: Pick<Ledger, 'ramps' | 'control' | 'due' | 'enrollments' | 'audit'>;
  readonly config: Pick<MusterConfig, 'rollout' | 'limits' | 'speed'>;
  readonly nowMs: number;
}

/** Those that were woken and took no slot are woken again after this; real time, shorter where time is simulated. */
const WAKE_AGAIN_MS = 5_000;
/** A ramp of which nothing waits and nothing is under way for so long is over, when no host is queued. */
const QUIET_MS = 30 * 60_000;
/** Targets that begin per second once a ramp is over: the caps hold them, and each asks again by itself. */
const WOKEN_PER_SECOND = 200;

/**
 * Decides what becomes of each ramp. Any process may call it at any time: each decision is about one step, and the first
 * that makes it counts. Costs one read while no ramp runs.
 */
export async function moveRamps(deps: RampDeps): Promise<void> {
  const { ledger, config } = deps;
  const { ramps: known } = await ledger.ramps.index();
  const running = [...known.values()].filter((facts) => facts !== null).length;
  if (running === 0) return;
  const ramps = await ledger.ramps.all();
  if (ramps.length < running) await ledger.ramps.restore(config.rollout.ramp);
  await ledger.ramps.review();
  for (const ramp of ramps) {
    if (config.rollout.ramp.off) {
      await wake(deps, ramp, ramp.waiting);
      await tellNothing(deps, ramp);
    } else if (ramp.stoppedAtMs === null) await moveOne(deps, ramp);
    else if (ramp.isWanted) await tellStopped(deps, ramp);
    // It is stopped for the day on which its matcher is back; until then it holds no host.
    else await tellNothing(deps, ramp);
  }
}

async function moveOne(deps: RampDeps, ramp: RampState): Promise<void> {
  const { ledger, config, nowMs } = deps;
  const move = moveOfRamp(ramp.step, config.rollout.ramp, config.limits.installsInFlight);
  if (move.kind === 'wait') {
    const free = ramp.step.size - ramp.step.taken;
    // 0: none was woken for this step.
    const wokenAgo = ramp.wokenAtMs === 0 ? nowMs : nowMs - Math.max(ramp.wokenAtMs, ramp.takenAtMs);
    if (isQuiet(ramp, deps)) await endQuietly(deps, ramp);
    else if (free > 0 && ramp.waiting > 0 && wokenAgo >= WAKE_AGAIN_MS / config.speed) {
      await wake(deps, ramp, free);
    }
    return;
  }
  if (!(await ledger.ramps.decide(ramp, move, nowMs))) return;
  if (move.kind === 'grow') await wake(deps, ramp, move.size);
  if (move.kind === 'repeat') await wake(deps, ramp, ramp.step.size);
  if (move.kind === 'end') {
    await noteRamp(deps, ramp, 'done');
    await wake(deps, ramp, Number.MAX_SAFE_INTEGER);
  }
  if (move.kind === 'stop') await tellStopped(deps, { ...ramp, stoppedAtMs: nowMs });
}

/** Makes installs due, at most `limit` targets of those that wait, and no more at once than is of use. */
async function wake({ ledger, nowMs }: RampDeps, ramp: RampState, limit: number): Promise<void> {
  const targets = await ledger.ramps.wake(ramp.id, Math.min(limit, 100_000), nowMs);
  if (targets.length === 0) return;
  const inMs = (place: number): number => Math.floor(place / WOKEN_PER_SECOND) * 1_000;
  await ledger.due.schedule('install', targets.map(targetId), inMs);
}

function isQuiet({ step, waiting, takenAtMs }: RampState, { nowMs, config }: RampDeps): boolean {
  const open = step.taken - step.joined - step.failed;
  return open === 0 && waiting === 0 && nowMs - takenAtMs > QUIET_MS / config.speed;
}

/**
 * No candidates are left. A matcher that has let in fewer hosts than a first step still begins small when others come. Hosts that
 * wait for something else, such as the end of a freeze window or the begin of their wave, still begin small after it. A matcher
 * that is no longer in the configuration has no candidates, and begins anew should it come back.
 */
async function endQuietly(deps: RampDeps, ramp: RampState): Promise<void> {
  const { ledger, config, nowMs } = deps;
  if (!ramp.isWanted) return ledger.ramps.drop(ramp.id);
  const { states } = await ledger.enrollments.counts();
  if ((states.get('queued') ?? 0) > 0) return;
  if (ramp.kind !== 'matcher') {
    await noteRamp(deps, ramp, 'done');
    await ledger.ramps.drop(ramp.id);
  } else if (ramp.allJoined >= config.rollout.ramp.first) {
    await noteRamp(deps, ramp, 'done');
    await ledger.ramps.decide(ramp, { kind: 'end' }, nowMs);
  }
}

/** A stop and an end are told by the audit, steps are not: the console shows those. */
async function noteRamp({ ledger }: RampDeps, ramp: RampState, result: 'done' | 'stopped'): Promise<void> {
  const { step, touched, allJoined } = ramp;
  const detail =
    result === 'done'
      ? `over: ${allJoined} of ${touched} hosts have joined so far`
      : `stopped at step ${ramp.grown + 1}: ${step.failed + step.triedFailed} of ${step.tried + step.taken} hosts failed`;
  const about = { scope: describeRamp(ramp), result, detail, basis: ramp.id };
  await noteOwnAct(ledger.audit, 'ramp', about, `ramp:${ramp.id}:${ramp.beganAtMs}:${result}`);
}

async function tellStopped(deps: RampDeps, ramp: RampState): Promise<void> {
  const { ledger, nowMs } = deps;
  if ((await ledger.control.raised(['ramp-stopped'], ramp.id)).has('ramp-stopped')) return;
  const { causes } = await ledger.enrollments.counts();
  await noteRamp(deps, ramp, 'stopped');
  await ledger.control.raise(findingOfStop(ramp, causes, nowMs));
}

/** A stop that holds no host back is nothing to act on. */
async function tellNothing({ ledger: { control } }: RampDeps, { id, stoppedAtMs }: RampState): Promise<void> {
  if (stoppedAtMs === null || !(await control.raised(['ramp-stopped'], id)).has('ramp-stopped')) return;
  await control.clear('ramp-stopped', id);
}
