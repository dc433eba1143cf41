/** Everything that can happen next: a worker's action, AWS, time, or a fault. */
import { accept, end, indexesOf, show, tick } from './aws.ts';
import { createRecord, epochOf } from './ledger.ts';
import { EMPTY_REDIS, type State } from './state.ts';
import { advance, put, startCollect, startInstall, type Model } from './worker-steps.ts';

/** What happened, and the state after it. */
export type Move = readonly [label: string, state: State];

/** A system that has been at work: its instances queued, its target's commands listed under the current epoch. */
export function firstState({ protocol, world }: Model): State {
  const empty: State = {
    now: 0,
    redis: { ...EMPTY_REDIS, word: 1, records: Array.from({ length: world.instances }, () => null) },
    run: 1,
    promotion: 1,
    snapshot: null,
    formerRun: null,
    workers: world.skews.map(() => ({ at: 'idle' })),
    requests: [],
    commands: [],
    batches: 0,
    used: { crashes: 0, refusals: 0, flushes: 0, rollbacks: 0, failbacks: 0, pauses: 0 },
    runs: 1,
    writes: 0,
    fault: null,
  };
  const scanned = scan(empty, { protocol, world });
  const epoch = epochOf(scanned, protocol);
  return { ...scanned, redis: { ...scanned.redis, reconciled: epoch, seen: [[epoch, 0]] } };
}

export function nextStates(before: State, model: Model): readonly Move[] {
  const state: State = before.fault === null ? before : { ...before, fault: null };
  const moves: Move[] = [];
  workerMoves(state, model, moves);
  awsMoves(state, model, moves);
  faultMoves(state, model, moves);
  return moves;
}

function workerMoves(state: State, model: Model, moves: Move[]): void {
  for (const [index, worker] of state.workers.entries()) {
    const name = `worker ${index + 1}`;
    if (worker.at === 'idle') {
      const started = startInstall(state, index, model);
      if (started !== state) moves.push([`${name}: install begins`, started]);
      for (const batch of batchesToLookAt(state, index, model)) {
        const begun = startCollect(state, index, batch, model);
        if (begun !== state) moves.push([`${name}: collect ${batch} begins`, begun]);
      }
      continue;
    }
    for (const [label, after] of advance(state, index, model)) moves.push([`${name}: ${label}`, after]);
    if (state.used.crashes < model.world.crashes) {
      const crashes = state.used.crashes + 1;
      const dead = put({ ...state, used: { ...state.used, crashes } }, index, { at: 'idle' });
      moves.push([`${name} dies before ${worker.at}`, dead]);
    }
  }
  const scanned = scan(state, model);
  if (scanned !== state) moves.push(['scan', scanned]);
}

function batchesToLookAt({ now, redis }: State, index: number, { world }: Model): readonly number[] {
  if (!world.tracksDue) return redis.intents.map((intent) => intent.batch);
  const clock = now + (world.skews[index] ?? 0);
  return redis.due.filter(([, at]) => at <= clock).map(([batch]) => batch);
}

/** Instances that Redis does not know are queued. */
function scan(state: State, { protocol }: Model): State {
  let next = state;
  for (const [index, record] of state.redis.records.entries()) {
    if (record === null) next = createRecord(next, protocol, index);
  }
  return next;
}

function awsMoves(state: State, { world }: Model, moves: Move[]): void {
  // A request that is lost on its way is one that is never accepted: nothing makes AWS take one.
  for (const request of state.requests) {
    moves.push([`AWS accepts ${request.batch}`, accept(state, request)]);
  }
  for (const command of state.commands) {
    if (!command.visible) moves.push([`AWS shows ${command.batch}`, show(state, command)]);
    for (const index of indexesOf(command.live)) {
      const where = `${command.batch} ends on instance ${index + 1}`;
      moves.push([`${where}: bad`, end(state, command, index, false)]);
      if (world.ends === 'both') moves.push([`${where}: good`, end(state, command, index, true)]);
    }
  }
  moves.push(['time passes', tick(state, world)]);
}

function faultMoves(state: State, model: Model, moves: Move[]): void {
  const { redis, used } = state;
  const { world } = model;
  if (used.flushes < world.flushes) {
    const records = redis.records.map(() => null);
    moves.push([
      'Redis is flushed',
      {
        ...state,
        redis: { ...EMPTY_REDIS, word: used.flushes + 2, records },
        used: { ...used, flushes: used.flushes + 1 },
      },
    ]);
  }
  if (used.rollbacks < world.rollbacks) {
    if (state.snapshot !== redis) moves.push(['Redis is copied', { ...state, snapshot: redis }]);
    if (state.snapshot !== null) {
      moves.push(['Redis comes back older', restore(state, state.snapshot)]);
    }
  }
  if (used.failbacks < world.failbacks && state.formerRun !== null) {
    moves.push([
      'the former Redis process is promoted',
      {
        ...state,
        run: state.formerRun,
        formerRun: null,
        promotion: state.promotion + 1,
        used: { ...used, failbacks: used.failbacks + 1 },
      },
    ]);
  }
  if (redis.pausedAt !== null) {
    moves.push(['operator resumes', { ...state, redis: { ...redis, pausedAt: null } }]);
  } else if (used.pauses < world.pauses) {
    moves.push([
      'operator pauses',
      { ...state, redis: { ...redis, pausedAt: state.now }, used: { ...used, pauses: used.pauses + 1 } },
    ]);
  }
}

function restore(state: State, redis: State['redis']): State {
  return {
    ...state,
    // A pause that comes back is one from now on.
    redis: redis.pausedAt === null ? redis : { ...redis, pausedAt: state.now },
    snapshot: null,
    formerRun: state.run,
    run: state.runs + 1,
    runs: state.runs + 1,
    promotion: state.promotion + 1,
    used: { ...state.used, rollbacks: state.used.rollbacks + 1 },
  };
}
