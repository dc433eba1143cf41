/** Long random ways through worlds too large to search, each followed by a rest in which everything must come to its end. */
import { indexesOf } from './aws.ts';
import { has } from './ledger.ts';
import { firstState, nextStates, type Move } from './next-states.ts';
import type { Fault, State } from './state.ts';
import { put, startCollect, startInstall, type Model } from './worker-steps.ts';

/** A small generator of random numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let at = seed;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export interface Walked {
  readonly trace: readonly string[];
  readonly end: State;
  readonly fault: Fault | null;
  readonly commands: number;
}

/** How often a worker or AWS acts rather than anything at all, faults and time among it. */
const SHARE_OF_WORK = 0.75;

/** One way of `steps` actions; it stops at a fault. */
export function walk(model: Model, seed: number, steps: number): Walked {
  const random = randomOf(seed);
  const trace: string[] = [];
  let state = firstState(model);
  for (let step = 0; step < steps; step += 1) {
    const all = nextStates(state, model);
    const work = all.filter(([label]) => /^(worker|AWS)/.test(label) && !label.includes(' dies '));
    const moves = work.length > 0 && random() < SHARE_OF_WORK ? work : all;
    const [label, next] = moves[Math.floor(random() * moves.length)] ?? unreachable();
    trace.push(label);
    state = next;
    if (state.fault !== null) break;
  }
  return { trace, end: state, fault: state.fault, commands: state.commands.length };
}

function unreachable(): never {
  throw new Error('time can always pass');
}

/** Rounds of the rest; a round is one tick, and every wait of the protocol is over several times. */
const ROUNDS = 60;

/**
 * Lets faults end and every worker do what is due, until nothing is left to do. From now on installs end well.
 *
 * @returns what the last state still has open; empty when all is at its end
 */
export function rest(from: State, model: Model): { readonly state: State; readonly open: readonly string[] } {
  const calm: Model = {
    ...model,
    world: {
      ...model.world,
      batches: 1_000,
      crashes: 0,
      refusals: 0,
      flushes: 0,
      rollbacks: 0,
      failbacks: 0,
      pauses: 0,
    },
  };
  let state: State = { ...from, redis: { ...from.redis, pausedAt: null } };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let index = 0; index < state.workers.length; index += 1) state = work(state, index, calm);
    state = settleWorld(state, calm);
    if (state.fault !== null) return { state, open: [state.fault] };
  }
  return { state, open: openEnds(state) };
}

/** One worker ends what it is at, looks at everything that is due, and installs. */
function work(from: State, index: number, model: Model): State {
  let state = finish(from, index, model);
  const clock = state.now + (model.world.skews[index] ?? 0);
  for (const [batch, at] of state.redis.due) {
    if (at <= clock) state = finish(startCollect(state, index, batch, model), index, model);
  }
  return finish(startInstall(state, index, model), index, model);
}

/** Runs a worker's actions until it is idle; answers come when AWS has them. */
function finish(from: State, index: number, model: Model): State {
  let state = from;
  while (state.workers[index]?.at !== 'idle') {
    const moves: readonly Move[] = nextStates(state, model).filter(([label]) =>
      label.startsWith(`worker ${index + 1}: `),
    );
    const [, next] = moves.find(([label]) => label.endsWith('accepted')) ?? moves[0] ?? unreachable();
    if (next.fault !== null) return put(next, index, { at: 'idle' });
    state = next;
  }
  return state;
}

/** AWS takes what it is given and ends it, the scan runs, time passes. */
function settleWorld(from: State, model: Model): State {
  let state = from;
  for (const wanted of [/^AWS accepts/, /: good$/, /^scan$/, /^time passes$/]) {
    for (;;) {
      const move = nextStates(state, model).find(([label]) => wanted.test(label));
      if (move === undefined) break;
      [, state] = move;
      if (state.fault !== null || wanted.source === '^time passes$') return state;
    }
  }
  return state;
}

function openEnds(state: State): readonly string[] {
  const { records, intents } = state.redis;
  return [
    ...records.flatMap((record, index) =>
      record?.state === 'installed' ? [] : [`instance ${index + 1} is ${record?.state ?? 'unknown'}`],
    ),
    ...intents.map((intent) => `the intent of ${intent.batch} is open`),
    ...state.commands.filter((command) => command.live !== 0).map((command) => `${command.batch} is live`),
  ];
}

/** Commands whose end on an instance is in no record: they were accepted, and no worker followed them. */
export function lostCommands({ commands, redis }: State): readonly string[] {
  return commands.flatMap(({ batch, instances }) =>
    indexesOf(instances)
      .filter((index) => !has(redis.records[index]?.ended ?? 0, batch))
      .map((index) => `${batch} on instance ${index + 1}`),
  );
}
