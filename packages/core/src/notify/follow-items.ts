/**
 * What is told of an item. It is `new` when a look first sees it, `told` once it has stood for a moment (a page: at once),
 * and `ended` once looks have missed it for long enough. What comes back within the hour must stay away twice as long each
 * time before it is told to have ended again: an item that flaps is one message, not one every minute.
 */
import { isAtLeast } from '../control/severity.ts';
import type { NotifyItem } from './notify-item.ts';
import type { NotifyTimings } from './timings.ts';
import type { EventType, NotifyEvent, Told } from './told.ts';

/** What becomes of what is known of one item, and what is told of it. */
export interface Followed {
  /** Null: forgotten. */
  readonly told: Told | null;
  /** To be told, to these channels. */
  readonly event: { readonly event: NotifyEvent; readonly channels: readonly string[] } | null;
}

interface Look {
  readonly nowMs: number;
  readonly timings: NotifyTimings;
  /** Channels that are told of the item. */
  readonly channelsOf: (item: NotifyItem) => readonly string[];
}

/** An item that stands, and what is known of it; null for one that no look has seen before. */
export function followStanding(item: NotifyItem, before: Told | null, look: Look): Followed {
  const { nowMs, timings } = look;
  const known = before ?? newlySeen(item, nowMs);
  if (known.state === 'told') return followTold(item, known, look);
  // One that has ended and stands again begins anew, and keeps its count.
  const seen =
    known.state === 'ended' ? { ...known, state: 'new' as const, atMs: nowMs, channels: [] } : known;
  const settleMs = item.severity === 'page' ? 0 : timings.settleMs;
  if (nowMs - seen.atMs < settleMs) return { told: { ...seen, item, missedMs: null }, event: null };
  const channels = look.channelsOf(item);
  return {
    told: {
      item,
      state: 'told',
      atMs: nowMs,
      missedMs: null,
      raises: seen.raises + 1,
      channels: [...channels],
    },
    event: tell('raised', item, channels, nowMs),
  };
}

function newlySeen(item: NotifyItem, nowMs: number): Told {
  return { item, state: 'new', atMs: nowMs, missedMs: null, raises: 0, channels: [] };
}

/** A told item is told again when it becomes more urgent, or has doubled, and that not every minute. */
function followTold(item: NotifyItem, known: Told, { nowMs, timings, channelsOf }: Look): Followed {
  const { item: last } = known;
  const isWorse = !isAtLeast(last.severity, item.severity) || item.count >= Math.max(2 * last.count, 5);
  if (!isWorse || item.count === last.count || nowMs - known.atMs < timings.changeMs) {
    // The text that was told stays the measure of what has changed since.
    return { told: { ...known, missedMs: null }, event: null };
  }
  const channels = [...new Set([...known.channels, ...channelsOf(item)])];
  return {
    told: { ...known, item, atMs: nowMs, missedMs: null, channels },
    event: tell('changed', item, channels, nowMs),
  };
}

/**
 * An item that no longer stands, or that an operator has muted.
 *
 * @param isMuted it stands, and is to be told of no more
 */
export function followMissing(
  known: Told,
  isMuted: boolean,
  look: Pick<Look, 'nowMs' | 'timings'>,
): Followed {
  const { nowMs, timings } = look;
  switch (known.state) {
    case 'new':
      return { told: null, event: null };
    case 'ended':
      return { told: nowMs - known.atMs > timings.hourMs ? null : known, event: null };
    case 'told': {
      if (isMuted) return { told: null, event: tell('muted', known.item, known.channels, nowMs) };
      const missedMs = known.missedMs ?? nowMs;
      const quietMs = Math.min(timings.quietMs * 2 ** (known.raises - 1), timings.longestQuietMs);
      if (nowMs - missedMs < quietMs) return { told: { ...known, missedMs }, event: null };
      return {
        told: { ...known, state: 'ended', atMs: nowMs, missedMs: null },
        event: tell('resolved', known.item, known.channels, nowMs),
      };
    }
    default:
      return known.state satisfies never;
  }
}

function tell(
  type: EventType,
  item: NotifyItem,
  channels: readonly string[],
  atMs: number,
): Followed['event'] {
  return channels.length === 0 ? null : { event: { ...item, type, atMs }, channels };
}
