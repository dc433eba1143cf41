import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { QUEUE_NAMES, type QueueName } from '../define-job.ts';
import { keyspace } from '../../redis/keys.ts';

/** Events are for an operator who watches; Muster does not read them, so few are kept (about 45 bytes each). */
const EVENTS_KEPT = 1_000;

/** Where BullMQ keeps its keys: in the slot of all our keys. */
export function bullPrefix(prefix: string): string {
  return `${keyspace(prefix)}:queue`;
}

/**
 * BullMQ's handle on one queue. `connection` is fail-fast: a handle made while Redis is away would otherwise wait for it
 * for ever, or, asking for its version first, be broken for good.
 */
export function openQueue(name: QueueName, connection: Redis, prefix: string): Queue {
  const queue = new Queue(name, {
    connection,
    prefix: bullPrefix(prefix),
    skipWaitingForReady: true,
    skipVersionCheck: true,
    streams: { events: { maxLen: EVENTS_KEPT } },
  });
  // The connection's own listener logs that Redis is away; here it only must not be thrown.
  queue.on('error', () => undefined);
  return queue;
}

/** Handles on all queues, for Bull Board. Closing them leaves `connection` open. */
export function boardQueues(connection: Redis, prefix: string): readonly Queue[] {
  return QUEUE_NAMES.map((name) => openQueue(name, connection, prefix));
}
