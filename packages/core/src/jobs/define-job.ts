import type { z } from 'zod';
import type { Clock } from '../runtime/clock-port.ts';
import { JobError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger-port.ts';

/** Queues, by the resource they strain. */
export const QUEUE_NAMES = ['discovery', 'enrollment', 'inventory', 'notifications'] as const;
export type QueueName = (typeof QUEUE_NAMES)[number];

/** What makes a job due: an index in the ledger, and how its members name what is worked on. */
export interface DueRule<Payload> {
  /** One of the catalog's `DUE_KINDS`. */
  readonly kind: string;
  memberOf(payload: Payload): string;
  /** The reverse. Throws for a member that Muster did not write. */
  payloadOf(member: string): Payload;
}

/** What a job is: data only, so that a process that enqueues it needs none of the code that runs it. */
export interface JobContract<Name extends string, Payload, Result, Queue extends QueueName = QueueName> {
  /** `verb-noun`. */
  readonly name: Name;
  /**
   * Raised when the payload's meaning changes; the schema goes on reading the version before, and leaves out fields that it
   * does not know. A newer one is left to the processes of its release.
   */
  readonly version: number;
  readonly queue: Queue;
  /** Ids only: no secret, no script, no list of instances. */
  readonly payload: z.ZodType<Payload>;
  /** What tells two jobs of this name apart; see `dedupeIdOf`. */
  partsOf(payload: Payload): readonly string[];
  /**
   * Null for work that a person or another job asks for. The queue tries every job once. What is due in the ledger stays due
   * there and is handed out again, which also heals what the queue cannot know of: a flushed Redis, a lost job, a killed worker.
   * Of all other work the process that asked waits for the answer and asks again; only a job of its own delays itself, after an
   * error that says when to try again (docs/decisions/0001).
   */
  readonly due: DueRule<Payload> | null;
  /** What the console shows of a finished job. */
  readonly result: z.ZodType<Result>;
  /** Whether an end is no news: its line is written at level debug, since a large organization has thousands of them. */
  isRoutine?(result: Result): boolean;
  /** Whether a job that another job enqueues belongs to that one's trace: only where one gives rise to one, or a trace would have no end. @default false */
  readonly goesOnInTrace?: boolean;
  /** Until the handler's signal is aborted. */
  readonly timeoutMs: number;
}

/** Any contract; what its schemas hold is unknown. */
export type AnyJob = JobContract<string, unknown, unknown>;
/** Any contract of work that falls due. */
export type DueJob = AnyJob & { readonly due: DueRule<unknown> };
export type PayloadOf<Job extends AnyJob> = z.infer<Job['payload']>;
export type ResultOf<Job extends AnyJob> = z.infer<Job['result']>;

/** What a handler is given beside its payload. */
export interface JobContext {
  /**
   * Aborted when the job ran longer than its contract allows, when the queue gave it to another worker, and when the
   * worker closes. Give it to every await that can take it: a handler that rejects then is handed over, not failed.
   */
  readonly signal: AbortSignal;
  /** Already carries job, jobId and attempt. */
  readonly log: Logger;
  /** Adds fields to every further line about this run, its last one included: the ids by which a host's way is followed. */
  note(fields: object): void;
  readonly clock: Clock;
  /** 1, and more for a failed job that an operator tries again by hand. A lost worker and a `retry: { afterMs }` spend none. */
  readonly attempt: number;
  readonly jobId: string;
}

/** One job's function. Idempotent, and safe to be killed between any two lines. Surprises are thrown. */
export type Handler<Job extends AnyJob> = (
  payload: PayloadOf<Job>,
  context: JobContext,
) => Promise<ResultOf<Job>>;

/** A handler for every contract of `Queue`, by the job's name: a missing or a foreign one does not compile. */
export type Handlers<Job extends AnyJob, Queue extends QueueName = QueueName> = {
  readonly [J in Extract<Job, { readonly queue: Queue }> as J['name']]: Handler<J>;
};

/** Fixes the types of a contract by its literals; the contract is frozen. */
export function defineJob<const Name extends string, Payload, Result, const Queue extends QueueName>(
  contract: JobContract<Name, Payload, Result, Queue>,
): JobContract<Name, Payload, Result, Queue> {
  return Object.freeze(contract);
}

/**
 * What is worked on: the job's name and its parts, joined by dots. While a job with this id waits, is delayed or runs,
 * another is silently dropped, data and delay included; see `JobQueue` for one whose work is due in the ledger. BullMQ refuses `:` and anything that is all digits (a bare
 * account number), so both are a bug here, before anything is sent.
 */
export function dedupeIdOf(job: AnyJob, payload: unknown): string {
  const id = [job.name, ...job.partsOf(payload)].join('.');
  if (!/^[\w-]+(\.[\w-]+)*$/.test(id) || /^\d+$/.test(id)) {
    throw new JobError('bug.unknown', `"${id}" cannot be the id of a job`, { retry: 'never' });
  }
  return id;
}
