import type { z } from 'zod';
import { JobError } from '../runtime/errors.ts';

/** Queues, by the resource they strain. */
export const QUEUE_NAMES = ['tick', 'discovery', 'enrollment', 'inventory'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** Attempts after a thrown error: `initialDelayMs`, times `factor` for each further one, up to `maxDelayMs`. */
export interface RetryPolicy {
  /** The first one included; 1 or more. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  /**
   * Who brings the work back when an error says after how long: the `ledger`, in which it stays due, or the `queue`, for
   * work that is due nowhere. Only the latter's job delays itself (docs/decisions/0001).
   */
  readonly broughtBackBy: 'ledger' | 'queue';
}

/** What a job is: data only, so that whoever enqueues it needs none of the code that runs it. */
export interface JobContract<Name extends string, Payload, Result, Queue extends QueueName = QueueName> {
  /** `verb-noun`. */
  readonly name: Name;
  /** Raised when the payload's meaning changes; the schema goes on reading the version before. A newer one is refused. */
  readonly version: number;
  readonly queue: Queue;
  /** Ids only: no secret, no script, no list of instances. */
  readonly payload: z.ZodType<Payload>;
  /** What the console shows of a finished job. */
  readonly result: z.ZodType<Result>;
  /** Whether an end is no news: its line is written at level debug, since a large organization has thousands of them. */
  isRoutine?(result: Result): boolean;
  /**
   * What is worked on: the job's name and what tells two of them apart, made by `jobId`. While a job with this id
   * waits, is delayed or runs, another is silently dropped, data and delay included.
   */
  dedupeId(payload: Payload): string;
  /** Until the handler's signal is aborted. */
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
}

/** Any contract; what its schemas hold is unknown. */
export type AnyJob = JobContract<string, unknown, unknown>;
export type PayloadOf<Job extends AnyJob> = z.infer<Job['payload']>;
export type ResultOf<Job extends AnyJob> = z.infer<Job['result']>;

/** Fixes the types of a contract by its literals; the contract is frozen. */
export function defineJob<const Name extends string, Payload, Result, const Queue extends QueueName>(
  contract: JobContract<Name, Payload, Result, Queue>,
): JobContract<Name, Payload, Result, Queue> {
  return Object.freeze(contract);
}

/**
 * The only maker of dedupe ids: its parts, joined by dots. BullMQ refuses `:` and anything that is all digits (a bare
 * account number), so both are a bug here, before anything is sent.
 */
export function jobId(...parts: readonly string[]): string {
  const id = parts.join('.');
  if (!/^[\w-]+(\.[\w-]+)*$/.test(id) || /^\d+$/.test(id)) {
    throw new JobError('bug.unknown', `"${id}" cannot be the id of a job`, { retry: 'never' });
  }
  return id;
}
