/**
 * A text that two states share exactly when nothing can tell them apart from now on: times count from now and are cut
 * where no wait reaches, what is not asked any more is left out, and unique versions are renamed in order of appearance.
 */
import type { IntentCell, RecordCell, Redis, Shown, State, Worker } from './state.ts';
import type { Model } from './worker-steps.ts';

export function keyOf(state: State, model: Model): string {
  const parts = writersOf(state, model);
  const inRedis = redisKey(state.redis, parts);
  const workers = state.workers.map((worker) => workerKey(worker, parts));
  const { skews } = model.world;
  // Workers whose clocks agree are the same worker.
  if (skews.every((skew) => skew === skews[0])) workers.sort();
  return [
    inRedis,
    state.run,
    state.promotion,
    state.snapshot === null ? '' : redisKey(state.snapshot, parts),
    state.formerRun ?? '',
    workers.join('/'),
    state.requests.map((one) => `${one.batch}.${one.instances}.${one.until - state.now}`).join(','),
    state.commands.map((one) => `${parts.shown(one)}${one.visible ? 'v' : ''}`).join(','),
    state.batches,
    Object.values(state.used).join(''),
    state.runs,
  ].join('|');
}

interface Writers {
  readonly record: (cell: RecordCell | null) => string;
  readonly intent: (cell: IntentCell) => string;
  readonly shown: (one: Shown) => string;
  readonly deadline: (at: number) => string;
  readonly intentAt: (at: number) => string;
  readonly seenAt: (at: number) => string;
  readonly due: (at: number) => string;
}

function writersOf(state: State, { protocol, world }: Model): Writers {
  const names = new Map<number, number>();
  const version = (value: number): number => {
    if (protocol.versions === 'counted') return value;
    const known = names.get(value) ?? names.size + 1;
    names.set(value, known);
    return known;
  };
  const slack = Math.max(...world.skews) - Math.min(...world.skews) + 2;
  const upTo = (wait: number) => (at: number) => String(Math.max(at - state.now, -wait - slack));
  const deadline = upTo(0);
  const intentAt = upTo(protocol.resendAfter);
  const expiresAt = upTo(protocol.expiryMargin);
  const acceptedAt = upTo(world.life);
  return {
    deadline,
    intentAt,
    seenAt: upTo(protocol.epochWait),
    due: world.tracksDue ? upTo(1) : () => '',
    record: (cell) =>
      cell === null ? '-' : `${cell.state.slice(0, 7)}${cell.batch}.${cell.ended}.${version(cell.version)}`,
    intent: (cell) => {
      const when =
        cell.expiresAt === null
          ? `${intentAt(cell.intentAt)}.${deadline(cell.notAfter)}`
          : `x${expiresAt(cell.expiresAt)}`;
      return `${cell.batch}.${cell.instances}.${when}.${cell.version}`;
    },
    shown: (one) =>
      `${one.batch}.${one.instances}.${one.live}.${one.good}.${one.live === 0 ? '' : acceptedAt(one.acceptedAt)}`,
  };
}

function redisKey(value: Redis, { record, intent, seenAt, due, deadline }: Writers): string {
  return [
    value.word,
    value.records.map(record).join(','),
    value.intents.map(intent).join(','),
    value.reconciled,
    value.seen.map(([epoch, at]) => `${epoch}@${seenAt(at)}`).join(','),
    value.due.map(([batch, at]) => `${batch}@${due(at)}`).join(','),
    value.pausedAt === null ? '' : deadline(value.pausedAt),
  ].join(';');
}

function workerKey(worker: Worker, parts: Writers): string {
  const { record, intent, shown, deadline, intentAt, due } = parts;
  switch (worker.at) {
    case 'idle':
      return 'idle';
    case 'list-recent':
    case 'pick':
      return `${worker.at} ${worker.epoch}`;
    case 'adopt':
      return `adopt ${worker.epoch} ${worker.shown.map(shown).join(',')}`;
    case 'claim':
      return `claim ${worker.epoch} ${worker.instances} ${worker.read.map(record).join(',')}`;
    case 'recheck':
      return `recheck ${worker.epoch} ${worker.intent.batch}.${deadline(worker.intent.notAfter)}`;
    case 'sign':
      return `sign ${worker.intent.batch}.${deadline(worker.intent.notAfter)}`;
    case 'await-answer':
    case 'record-refused':
      return `${worker.at} ${worker.intent.batch}`;
    case 'record-accepted':
      return `record-accepted ${intent(worker.intent)}`;
    case 'find':
      return `find ${intent(worker.intent)} ${due(worker.lease)} ${intentAt(worker.now)}`;
    case 'follow':
      return `follow ${intent(worker.intent)} ${due(worker.lease)}`;
    case 'resolve': {
      const now = worker.now === null ? 'late' : intentAt(worker.now);
      return `resolve ${intent(worker.intent)} ${due(worker.lease)} ${now} ${worker.found === null ? '' : shown(worker.found)}`;
    }
    case 'record-ends':
      return `record-ends ${intent(worker.intent)} ${due(worker.lease)} ${worker.found === null ? '' : shown(worker.found)}`;
    default:
      return worker satisfies never;
  }
}
