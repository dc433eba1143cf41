/** What the ledger's atomic writes do, as commit-target.lua has it. */
import type { Protocol } from './protocol.ts';
import type { IntentCell, RecordCell, Redis, Shown, State } from './state.ts';

/** A record that may be claimed. */
export function isFree(record: RecordCell | null | undefined): record is RecordCell {
  return record?.state === 'queued' || record?.state === 'failed';
}

export function has(mask: number, index: number): boolean {
  return (mask & (1 << index)) !== 0;
}

/** The epoch as `ledger.epochs` reads it. */
export function epochOf(state: State, protocol: Protocol): number {
  const promotion = protocol.epochOf === 'history' ? state.promotion : 0;
  return promotion * 10_000 + state.redis.word * 100 + state.run;
}

export type RecordEvent =
  | { readonly kind: 'claimed'; readonly batch: number }
  | { readonly kind: 'refused'; readonly batch: number }
  | { readonly kind: 'accepted'; readonly batch: number }
  | { readonly kind: 'ended'; readonly batch: number; readonly good: boolean };

/** The part of `transition` that sending needs; the same object when nothing changes. `record-cell.test.ts` holds the two together. */
export function moveRecord(record: RecordCell, event: RecordEvent): RecordCell {
  switch (event.kind) {
    case 'claimed':
      return isFree(record) ? { ...record, state: 'sending', batch: event.batch } : record;
    case 'refused':
      return record.state === 'sending' && record.batch === event.batch
        ? { ...record, state: 'queued', batch: 0 }
        : record;
    case 'accepted':
      if (has(record.ended, event.batch) || record.state === 'installing') return record;
      return { ...record, state: 'installing', batch: event.batch };
    case 'ended':
      return record.state === 'installing' && record.batch === event.batch
        ? {
            ...record,
            state: event.good ? 'installed' : 'failed',
            batch: 0,
            ended: record.ended | (1 << event.batch),
          }
        : record;
    default:
      return event satisfies never;
  }
}

/** Applies one event per instance to the records as they are now; `applyEvents` reads and decides anew until that is so. */
export function moveRecords(
  state: State,
  protocol: Protocol,
  instances: number,
  eventOf: (index: number) => RecordEvent | null,
): State {
  let { writes } = state;
  const records = state.redis.records.map((record, index) => {
    const event = record !== null && has(instances, index) ? eventOf(index) : null;
    if (record === null || event === null) return record;
    const after = moveRecord(record, event);
    if (after === record) return record;
    writes += 1;
    return { ...after, version: protocol.versions === 'unique' ? writes + 1 : record.version + 1 };
  });
  return writes === state.writes ? state : { ...state, writes, redis: { ...state.redis, records } };
}

/** A scan's new record. */
export function createRecord(state: State, protocol: Protocol, index: number): State {
  const writes = state.writes + 1;
  const version = protocol.versions === 'unique' ? writes + 1 : 1;
  const record: RecordCell = { state: 'queued', batch: 0, ended: 0, version };
  return { ...state, writes, redis: { ...state.redis, records: state.redis.records.with(index, record) } };
}

export function findIntent(redis: Redis, batch: number): IntentCell | null {
  return redis.intents.find((intent) => intent.batch === batch) ?? null;
}

/**
 * Replaces an intent of an expected version (0: absent), or deletes it; null when it is another by now. The same action
 * makes it due (`lookAt`; null: as it stands), or due no more.
 */
export function putIntent(
  state: State,
  batch: number,
  expected: number,
  value: IntentCell | null,
  lookAt: number | null = null,
): State | null {
  const current = findIntent(state.redis, batch);
  if ((current?.version ?? 0) !== expected) return null;
  const others = state.redis.intents.filter((intent) => intent.batch !== batch);
  const intents =
    value === null
      ? others
      : [...others, { ...value, version: expected + 1 }].toSorted((a, b) => a.batch - b.batch);
  const written = { ...state, redis: { ...state.redis, intents } };
  if (value === null) return setDue(written, batch, null);
  return lookAt === null ? written : scheduleDue(written, batch, lookAt);
}

/** `reconcileTarget`'s adoption of what a listing showed, the newest first. */
export function adopt(state: State, protocol: Protocol, shown: readonly Shown[], life: number): State {
  let next = state;
  for (const command of shown.toSorted((a, b) => b.batch - a.batch)) {
    const known = findIntent(next.redis, command.batch);
    const { records } = next.redis;
    let open = 0;
    for (let index = 0; index < records.length; index += 1) {
      if (!has(command.instances, index)) continue;
      const record = records[index];
      const forgotten = protocol.mergesEnds && isFree(record) && !has(record.ended, command.batch);
      if (has(command.live, index) || forgotten) open |= 1 << index;
    }
    if (open === 0) continue;
    if (known !== null && known.expiresAt !== null) {
      // Followed already; a record that does not know it learns of it.
      next = moveRecords(next, protocol, open, () => ({ kind: 'accepted', batch: command.batch }));
      continue;
    }
    const adopted: IntentCell = {
      batch: command.batch,
      instances: command.instances,
      intentAt: command.acceptedAt,
      notAfter: command.acceptedAt,
      expiresAt: command.acceptedAt + life - protocol.expiryShort,
      version: 0,
    };
    const lookAt = known === null ? next.now : null;
    const withIntent = putIntent(next, command.batch, known?.version ?? 0, adopted, lookAt);
    if (withIntent === null) continue;
    next = moveRecords(withIntent, protocol, open, () => ({ kind: 'accepted', batch: command.batch }));
  }
  return next;
}

/** make-due.lua: at that time or earlier, and never the very same score. */
export function scheduleDue(state: State, batch: number, at: number): State {
  const current = state.redis.due.find(([member]) => member === batch)?.[1];
  const earliest = current === undefined ? at : Math.min(current, at);
  return setDue(state, batch, earliest === current ? earliest - 1 : earliest);
}

/** finish.lua: what another process scheduled since the lease was taken is due now. */
export function settleDue(
  state: State,
  batch: number,
  { lease, next, clock }: { readonly lease: number; readonly next: number | null; readonly clock: number },
): State {
  const current = state.redis.due.find(([member]) => member === batch)?.[1];
  if (current === undefined || current === lease) return setDue(state, batch, next);
  return current > clock ? setDue(state, batch, clock) : state;
}

export function setDue(state: State, batch: number, at: number | null): State {
  const others = state.redis.due.filter(([member]) => member !== batch);
  const due = at === null ? others : [...others, [batch, at] as const].toSorted(([a], [b]) => a - b);
  return { ...state, redis: { ...state.redis, due } };
}
