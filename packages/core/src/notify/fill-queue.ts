import type { NotifyTimings } from './timings.ts';
import type { ChannelQueue, NotifyEvent } from './told.ts';

/** Events that wait for one channel; those beyond are counted. A message shows ten of them. */
export const MOST_WAITING = 200;

/** A channel that waits for nothing. */
export const EMPTY_QUEUE: ChannelQueue = { waiting: [], sinceMs: 0, leftOut: 0, sentMs: [] };

/**
 * Adds an event. What was not sent yet and has become untrue is taken out instead: a channel is not told that something was
 * raised and has ended in one message, nor that it ended when it stands again.
 */
export function addEvent(queue: ChannelQueue, event: NotifyEvent): ChannelQueue {
  const waiting = queue.waiting.find(({ id }) => id === event.id);
  const others = queue.waiting.filter(({ id }) => id !== event.id);
  if (waiting !== undefined) {
    const merged = merge(waiting, event);
    return { ...queue, waiting: merged === null ? others : [...others, merged] };
  }
  if (queue.waiting.length >= MOST_WAITING) return { ...queue, leftOut: queue.leftOut + 1 };
  const sinceMs = queue.waiting.length === 0 ? event.atMs : queue.sinceMs;
  return { ...queue, waiting: [...queue.waiting, event], sinceMs };
}

/** Two events of one item, the first of which was not sent, as one; null for none. */
function merge(first: NotifyEvent, second: NotifyEvent): NotifyEvent | null {
  const isOver = second.type === 'resolved' || second.type === 'muted';
  if (first.type === 'raised') return isOver ? null : { ...second, type: 'raised' };
  // It was told before, and stands as it was told.
  if (first.type !== 'changed' && second.type === 'raised') return null;
  return second;
}

/** The events of the message that is to be begun now, and what is left; null when it is not time, or the hour is full. */
export function takeBatch(
  queue: ChannelQueue,
  { perHour }: { readonly perHour: number },
  timings: NotifyTimings,
  nowMs: number,
): {
  readonly events: readonly NotifyEvent[];
  readonly leftOut: number;
  readonly queue: ChannelQueue;
} | null {
  if (queue.waiting.length === 0) return null;
  const isUrgent = queue.waiting.some(({ type, severity }) => type === 'raised' && severity === 'page');
  if (nowMs - queue.sinceMs < (isUrgent ? timings.groupPageMs : timings.groupMs)) return null;
  const sentMs = queue.sentMs.filter((atMs) => nowMs - atMs < timings.hourMs);
  if (sentMs.length >= perHour) return null;
  return {
    events: queue.waiting,
    leftOut: queue.leftOut,
    queue: { ...EMPTY_QUEUE, sentMs: [...sentMs, nowMs] },
  };
}
