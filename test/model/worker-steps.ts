/**
 * A worker's handlers, cut where another process or the world can come in between: each function is one atomic action,
 * one Redis script, one AWS call or one look at the clock. Named after the code they stand for.
 */
import { findCommand, indexesOf, listRecent } from './aws.ts';
import {
  adopt,
  epochOf,
  findIntent,
  has,
  isFree,
  moveRecord,
  moveRecords,
  putIntent,
  scheduleDue,
  setDue,
  settleDue,
} from './ledger.ts';
import type { Protocol, World } from './protocol.ts';
import type { IntentCell, RecordCell, State, Worker } from './state.ts';

export interface Model {
  readonly protocol: Protocol;
  readonly world: World;
}

/** How long a job may be at work on a due member. Ticks. */
const LEASE = 2;

export function put(state: State, index: number, worker: Worker): State {
  return { ...state, workers: state.workers.with(index, worker) };
}

function clockOf(state: State, index: number, { world }: Model): number {
  return state.now + (world.skews[index] ?? 0);
}

/** install-batch, from its start to `enterEpoch`. */
export function startInstall(state: State, index: number, model: Model): State {
  const { protocol } = model;
  if (state.redis.pausedAt !== null) return state;
  const epoch = epochOf(state, protocol);
  if (!protocol.reconciles || state.redis.reconciled === epoch) {
    return put(state, index, { at: 'pick', epoch });
  }
  const clock = clockOf(state, index, model);
  const seenAt = state.redis.seen.find(([one]) => one === epoch)?.[1];
  const seen: State =
    seenAt === undefined
      ? { ...state, redis: { ...state.redis, seen: [...state.redis.seen, [epoch, clock]] } }
      : state;
  if (clock < (seenAt ?? clock) + protocol.epochWait) return seen;
  return put(seen, index, { at: 'list-recent', epoch });
}

/** collect-command, up to its first look at the intent. */
export function startCollect(state: State, index: number, batch: number, model: Model): State {
  const clock = clockOf(state, index, model);
  const lease = clock + LEASE;
  const begun = model.world.tracksDue ? setDue(state, batch, lease) : state;
  const intent = findIntent(state.redis, batch);
  if (intent === null) return settle(begun, batch, { lease, next: null, clock }, model);
  if (intent.expiresAt !== null) return put(begun, index, { at: 'follow', intent, lease });
  if (clock <= intent.notAfter) {
    return settle(begun, batch, { lease, next: intent.notAfter + 1, clock }, model);
  }
  return put(begun, index, { at: 'find', intent, lease, now: clock });
}

interface Settling {
  readonly lease: number;
  /** When the member is due again; null for never. */
  readonly next: number | null;
  readonly clock: number;
}

function settle(state: State, batch: number, settling: Settling, { world }: Model): State {
  return world.tracksDue ? settleDue(state, batch, settling) : state;
}

/** One atomic action of a worker that is not idle. Several answers where the world chooses. */
export function advance(state: State, index: number, model: Model): readonly (readonly [string, State])[] {
  const worker = state.workers[index];
  if (worker === undefined || worker.at === 'idle') return [];
  if (worker.at === 'await-answer') return awaitAnswer(state, index, worker.intent, model);
  return [[worker.at, step(state, index, worker, model)]];
}

function step(
  state: State,
  index: number,
  worker: Exclude<Worker, { at: 'idle' | 'await-answer' }>,
  model: Model,
): State {
  const { protocol, world } = model;
  const idle = put(state, index, { at: 'idle' });
  switch (worker.at) {
    case 'list-recent':
      return put(state, index, { at: 'adopt', epoch: worker.epoch, shown: listRecent(state) });
    case 'adopt': {
      const adopted = adopt(state, protocol, worker.shown, world.life);
      const redis = { ...adopted.redis, reconciled: worker.epoch };
      return put({ ...adopted, redis }, index, { at: 'pick', epoch: worker.epoch });
    }
    case 'pick':
      return pick(state, index, worker.epoch, model);
    case 'claim':
      return claim(state, index, worker, model);
    case 'recheck': {
      const { intent } = worker;
      const paused = protocol.rechecksPause && state.redis.pausedAt !== null;
      const stale = protocol.rechecksEpoch && epochOf(state, protocol) !== worker.epoch;
      const due = protocol.commitsDue ? state : scheduleDue(state, intent.batch, intent.notAfter);
      return put(due, index, { at: paused || stale ? 'record-refused' : 'sign', intent });
    }
    case 'sign':
      return sign(state, index, worker.intent, model);
    case 'record-accepted':
      return recordAccepted(idle, index, worker.intent, model);
    case 'record-refused':
      return closeIntent(idle, worker.intent, protocol, 1);
    case 'find': {
      const found = findCommand(state, worker.intent.batch);
      const now = protocol.asksClockFirst ? worker.now : null;
      return put(state, index, { ...worker, at: 'resolve', now, found });
    }
    case 'resolve':
      return resolve(idle, index, worker, model);
    case 'follow':
      return put(state, index, {
        ...worker,
        at: 'record-ends',
        found: findCommand(state, worker.intent.batch),
      });
    case 'record-ends':
      return recordEnds(idle, index, worker, model);
    default:
      return worker satisfies never;
  }
}

function pick(state: State, index: number, epoch: number, { protocol, world }: Model): State {
  const { records, intents } = state.redis;
  const open = protocol.looksAtIntents ? intents.reduce((mask, intent) => mask | intent.instances, 0) : 0;
  let instances = 0;
  for (const [at, record] of records.entries()) if (isFree(record) && !has(open, at)) instances |= 1 << at;
  if (instances === 0 || state.batches >= world.batches) return put(state, index, { at: 'idle' });
  return put(state, index, { at: 'claim', epoch, instances, read: records });
}

function claim(
  state: State,
  index: number,
  { epoch, instances, read }: Extract<Worker, { at: 'claim' }>,
  model: Model,
): State {
  const { protocol } = model;
  const batch = state.batches + 1;
  const intentAt = clockOf(state, index, model);
  const indexes = indexesOf(instances);
  const current = state.redis.records;
  const isStale = indexes.some((at) => (current[at]?.version ?? 0) !== (read[at]?.version ?? 0));
  if (isStale && protocol.claimsAtomically) return put(state, index, { at: 'idle' });
  const intent: IntentCell = {
    batch,
    instances,
    intentAt,
    notAfter: intentAt + protocol.sendWindow,
    expiresAt: null,
    version: 1,
  };
  let { writes } = state;
  const records = current.map((record, at) => {
    const before = read[at] ?? null;
    if (!has(instances, at) || before === null) return record;
    writes += 1;
    const version = protocol.versions === 'unique' ? writes + 1 : (record?.version ?? 0) + 1;
    return { ...moveRecord(before, { kind: 'claimed', batch }), version };
  });
  const overwritten = indexes.some(
    (at) => current[at]?.state !== read[at]?.state || current[at]?.batch !== read[at]?.batch,
  );
  const claimed = { ...state, batches: batch, writes, redis: { ...state.redis, records } };
  const written = putIntent(claimed, batch, 0, intent, protocol.commitsDue ? intent.notAfter : null);
  if (written === null) return put(state, index, { at: 'idle' });
  return {
    ...put(written, index, { at: 'recheck', epoch, intent }),
    fault: overwritten ? 'overwritten' : null,
  };
}

/** The request is signed, and the clock looked at once more before it goes to the socket. */
function sign(state: State, index: number, intent: IntentCell, model: Model): State {
  const clock = clockOf(state, index, model);
  if (model.protocol.enforcesNotAfter && clock > intent.notAfter) {
    return put(state, index, { at: 'record-refused', intent });
  }
  const signature = clock + model.world.signatureValidity;
  const deadline = state.now + intent.notAfter - clock;
  const until = model.world.acceptedUntil === 'signature' ? signature : Math.min(signature, deadline);
  const request = { batch: intent.batch, instances: intent.instances, until };
  const { pausedAt } = state.redis;
  const late = pausedAt !== null && state.now > pausedAt + model.protocol.sendWindow;
  return {
    ...put(state, index, { at: 'await-answer', intent }),
    requests: [...state.requests, request],
    fault: late ? 'sent-paused' : null,
  };
}

/** Accepted and told; refused; or nothing comes back, whatever became of the request. */
function awaitAnswer(
  state: State,
  index: number,
  intent: IntentCell,
  { world }: Model,
): readonly (readonly [string, State])[] {
  const answers: (readonly [string, State])[] = [['answer is lost', put(state, index, { at: 'idle' })]];
  const command = state.commands.find((one) => one.batch === intent.batch);
  if (command !== undefined) {
    const expiresAt = command.acceptedAt + world.life;
    answers.push([
      'answer: accepted',
      put(state, index, { at: 'record-accepted', intent: { ...intent, expiresAt } }),
    ]);
  }
  const request = state.requests.find((one) => one.batch === intent.batch);
  if (request !== undefined && state.used.refusals < world.refusals) {
    answers.push([
      'answer: refused',
      {
        ...put(state, index, { at: 'record-refused', intent }),
        requests: state.requests.filter((one) => one !== request),
        used: { ...state.used, refusals: state.used.refusals + 1 },
      },
    ]);
  }
  return answers;
}

function recordAccepted(state: State, index: number, intent: IntentCell, model: Model): State {
  const written = putIntent(state, intent.batch, 1, intent, clockOf(state, index, model) + 1);
  if (written === null) return state;
  return moveRecords(written, model.protocol, intent.instances, () => ({
    kind: 'accepted',
    batch: intent.batch,
  }));
}

/** Nothing ran: `recordRefused` and `closeUnsent`. */
function closeIntent(state: State, intent: IntentCell, protocol: Protocol, expected: number): State {
  const { batch, instances } = intent;
  const written = putIntent(state, batch, expected, null);
  return written === null
    ? state
    : moveRecords(written, protocol, instances, () => ({ kind: 'refused', batch }));
}

function resolve(
  state: State,
  index: number,
  { intent, lease, now, found }: Extract<Worker, { at: 'resolve' }>,
  model: Model,
): State {
  const { protocol, world } = model;
  const { batch, instances } = intent;
  const clock = clockOf(state, index, model);
  if (found !== null) {
    const expiresAt = found.acceptedAt + world.life - protocol.expiryShort;
    const written = putIntent(state, batch, intent.version, { ...intent, expiresAt });
    const moved =
      written === null
        ? state
        : moveRecords(written, protocol, instances, () => ({ kind: 'accepted', batch }));
    return settle(moved, batch, { lease, next: clock, clock }, model);
  }
  const asked = now ?? clock;
  const conclusiveAt = intent.intentAt + protocol.resendAfter;
  if (asked < conclusiveAt) {
    return settle(state, batch, { lease, next: Math.min(clock + 1, conclusiveAt), clock }, model);
  }
  const closed = closeIntent(state, intent, protocol, intent.version);
  // The record has changed since it was read: the sender has recorded its answer, and the command must be followed.
  return settle(closed, batch, { lease, next: closed === state ? clock : null, clock }, model);
}

function recordEnds(
  state: State,
  index: number,
  { intent, lease, found }: Extract<Worker, { at: 'record-ends' }>,
  model: Model,
): State {
  const { protocol } = model;
  const { batch, instances, expiresAt } = intent;
  const clock = clockOf(state, index, model);
  const expired = expiresAt !== null && clock > expiresAt + protocol.expiryMargin;
  const unseen = found === null && protocol.closesUnseen;
  const over = found === null ? 0 : instances & ~found.live;
  const ended = expired || unseen ? instances : over;
  const eventOf = (at: number) =>
    has(ended, at) ? ({ kind: 'ended', batch, good: has(found?.good ?? 0, at) } as const) : null;
  const record = (before: State): State => {
    const unanswered = indexesOf(ended).filter((at) => isWaitingFor(before.redis.records[at], batch));
    const mask = unanswered.reduce((sum, at) => sum | (1 << at), 0);
    const known = protocol.endsReachSending
      ? moveRecords(before, protocol, mask, () => ({ kind: 'accepted', batch }))
      : before;
    return moveRecords(known, protocol, ended, eventOf);
  };
  const later = { lease, next: clock + 1, clock };
  if (ended !== instances) return settle(record(state), batch, later, model);
  const written = putIntent(state, batch, intent.version, null);
  if (written === null) return settle(state, batch, later, model);
  const closed = record(written);
  const isOrphaned = closed.redis.records.some((one) => isWaitingFor(one, batch));
  const settled = settle(closed, batch, { lease, next: null, clock }, model);
  return isOrphaned ? { ...settled, fault: 'orphaned' } : settled;
}

function isWaitingFor(record: RecordCell | null | undefined, batch: number): boolean {
  return record?.state === 'sending' && record.batch === batch;
}
