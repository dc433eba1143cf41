import { z } from 'zod';
import { SEVERITIES } from '../control/severity.ts';
import type { NotifyItem } from './notify-item.ts';

/** What happened to an item. `muted`: an operator has muted it, and it goes on. */
export const EVENT_TYPES = ['raised', 'changed', 'resolved', 'muted'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** One thing to be told. */
export interface NotifyEvent extends NotifyItem {
  readonly type: EventType;
  readonly atMs: number;
}

const EpochMs = z.number();

const Item = z.object({
  id: z.string(),
  kind: z.string(),
  scope: z.string(),
  severity: z.enum(SEVERITIES).catch('warn'),
  owner: z.enum(['operator', 'host-owner', 'aws-admin', 'teleport-admin', 'muster']).catch('operator'),
  message: z.string(),
  remedy: z.string(),
  sinceMs: EpochMs,
  count: z.number(),
  accountId: z.string().nullable(),
});

/** What a scheduler knows of an item from the looks before. */
export const StoredTold = z.object({
  item: Item,
  /** `new`: seen, and not told; `told`: raised; `ended`: told to have ended, and kept for an hour to know it again. */
  state: z.enum(['new', 'told', 'ended']),
  /** Since when it is in this state; of one that is told, when it was told last. */
  atMs: EpochMs,
  /** Since when looks have missed it; null while it stands. */
  missedMs: EpochMs.nullable(),
  /** How often it was raised within the hour. */
  raises: z.number(),
  /** Channels that know of it. */
  channels: z.array(z.string()),
});
export type Told = z.infer<typeof StoredTold>;

/** Something to be told as it lies in Redis. */
export const StoredEvent: z.ZodType<NotifyEvent> = Item.extend({ type: z.enum(EVENT_TYPES), atMs: EpochMs });

/** What waits for a channel. */
export const StoredQueue = z.object({
  waiting: z.array(StoredEvent),
  /** When the first of them came. */
  sinceMs: EpochMs,
  /** Events that found no place. */
  leftOut: z.number(),
  /** When messages were begun within the hour. */
  sentMs: z.array(EpochMs),
});
export type ChannelQueue = z.infer<typeof StoredQueue>;

/** One message for one channel. Its id stays the same however often it is tried. */
export const StoredBatch = z.object({
  id: z.string(),
  channel: z.string(),
  createdMs: EpochMs,
  events: z.array(StoredEvent),
  leftOut: z.number(),
});
export type NotifyBatch = z.infer<typeof StoredBatch>;
