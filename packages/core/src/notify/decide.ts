import { SEVERITIES } from '../control/severity.ts';
import { type NotifyChannel, wants } from './channel.ts';
import { addEvent, EMPTY_QUEUE, takeBatch } from './fill-queue.ts';
import { followMissing, followStanding } from './follow-items.ts';
import { isJump, type NotifyItem } from './notify-item.ts';
import type { NotifyTimings } from './timings.ts';
import type { ChannelQueue, NotifyBatch, Told } from './told.ts';

/** Items that are followed at once; of more, the most urgent. Lists have them all. */
const MOST_FOLLOWED = 2_000;

/** What schedulers know together, as one of them read it. */
export interface NotifyState {
  /** A word that every write replaces; null before the first. */
  readonly version: string | null;
  readonly told: ReadonlyMap<string, Told>;
  readonly queues: ReadonlyMap<string, ChannelQueue>;
  /** Channels whose message is under way: the next one waits for it. */
  readonly busy: ReadonlySet<string>;
}

/** What a look changes; null values are deleted. */
export interface NotifyDecision {
  readonly told: ReadonlyMap<string, Told | null>;
  readonly queues: ReadonlyMap<string, ChannelQueue | null>;
  readonly batches: readonly NotifyBatch[];
}

export interface NotifyLook {
  readonly state: NotifyState;
  /** What stands and is not muted. */
  readonly items: readonly NotifyItem[];
  /** False while history does not say whether causes have jumped: one that was told is not over. */
  readonly areJumpsKnown: boolean;
  /** Ids of what stands and is muted. */
  readonly mutedIds: ReadonlySet<string>;
  readonly channels: readonly NotifyChannel[];
  readonly unitsOf: (accountId: string) => readonly string[];
  readonly timings: NotifyTimings;
  readonly nowMs: number;
  readonly newId: () => string;
}

/** Decides what is told to which channel, by comparing what stands with what was told. */
export function decideNotifications(look: NotifyLook): NotifyDecision {
  const told = new Map<string, Told | null>();
  const queues = new Map(look.state.queues);
  const changed = new Set<string>();
  const deliver = (followed: ReturnType<typeof followStanding>, id: string): void => {
    if (JSON.stringify(followed.told) !== JSON.stringify(look.state.told.get(id) ?? null)) {
      told.set(id, followed.told);
    }
    const { event, channels } = followed.event ?? { event: null, channels: [] };
    if (event === null) return;
    for (const { name, resolved } of look.channels.filter((one) => channels.includes(one.name))) {
      if (!resolved && event.type !== 'raised' && event.type !== 'changed') continue;
      queues.set(name, addEvent(queues.get(name) ?? EMPTY_QUEUE, event));
      changed.add(name);
    }
  };
  const channelsOf = (item: NotifyItem): readonly string[] =>
    look.channels.filter((channel) => wants(channel, item, look.unitsOf)).map(({ name }) => name);
  const followed = mostUrgent(look.items);
  // Of all that stand: one that is not followed has not ended.
  const standing = new Set(look.items.map(({ id }) => id));
  for (const item of followed) {
    deliver(followStanding(item, look.state.told.get(item.id) ?? null, { ...look, channelsOf }), item.id);
  }
  for (const [id, known] of look.state.told) {
    if (standing.has(id) || (isJump(known.item) && !look.areJumpsKnown)) continue;
    deliver(followMissing(known, look.mutedIds.has(id), look), id);
  }
  const batches = takeBatches(look, queues, changed);
  return {
    told,
    queues: new Map([...changed].map((name) => [name, queues.get(name) ?? null])),
    batches,
  };
}

/**
 * Begins messages where it is time. What waits for a channel that this scheduler does not know is kept for an hour: another
 * scheduler may have taken up a newer configuration that has it.
 */
function takeBatches(
  look: NotifyLook,
  queues: Map<string, ChannelQueue>,
  changed: Set<string>,
): readonly NotifyBatch[] {
  const batches: NotifyBatch[] = [];
  for (const [name, queue] of queues) {
    const channel = look.channels.find((one) => one.name === name);
    if (channel === undefined) {
      if (look.nowMs - lastUseMs(queue) >= look.timings.hourMs) {
        queues.delete(name);
        changed.add(name);
      }
      continue;
    }
    const taken = look.state.busy.has(name) ? null : takeBatch(queue, channel, look.timings, look.nowMs);
    if (taken === null) continue;
    const { events, leftOut } = taken;
    batches.push({ id: look.newId(), channel: name, createdMs: look.nowMs, events: [...events], leftOut });
    queues.set(name, taken.queue);
    changed.add(name);
  }
  return batches;
}

/** When something came for the channel, or a message to it was begun, last. */
function lastUseMs({ waiting, sentMs }: ChannelQueue): number {
  return Math.max(0, ...waiting.map(({ atMs }) => atMs), ...sentMs);
}

function mostUrgent(items: readonly NotifyItem[]): readonly NotifyItem[] {
  if (items.length <= MOST_FOLLOWED) return items;
  return items
    .toSorted(
      (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || (a.id < b.id ? -1 : 1),
    )
    .slice(0, MOST_FOLLOWED);
}
