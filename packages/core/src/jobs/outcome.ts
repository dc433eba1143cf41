import type { Clock } from '../runtime/clock-port.ts';
import type { Logger } from '../runtime/logger-port.ts';
import type { AnyJob, PayloadOf, QueueName, ResultOf } from './define-job.ts';

/** How a handler ends when nothing surprising happened; surprises are thrown. */
export type Outcome<Result> =
  | { readonly kind: 'done'; readonly result: Result }
  /** No longer needed. Not a failure, and not tried again. */
  | { readonly kind: 'cancel'; readonly reason: string };

/** What a handler is given beside its payload. */
export interface JobContext {
  /**
   * Aborted when the job ran longer than its contract allows, when the queue gave it to another worker, and when the
   * worker closes. Give it to every await that can take it: a handler that rejects then is handed over, not failed.
   */
  readonly signal: AbortSignal;
  /** Already carries job, jobId and attempt. */
  readonly log: Logger;
  readonly clock: Clock;
  /** 1 for the first. A lost worker and a `retry: { afterMs }` spend none. */
  readonly attempt: number;
  readonly jobId: string;
}

/** One job's function. Idempotent, and safe to be killed between any two lines. */
export type Handler<Job extends AnyJob> = (
  payload: PayloadOf<Job>,
  context: JobContext,
) => Promise<Outcome<ResultOf<Job>>>;

/** A handler for every contract of `Queue`, by the job's name: a missing or a foreign one does not compile. */
export type Handlers<Job extends AnyJob, Queue extends QueueName> = {
  readonly [J in Extract<Job, { readonly queue: Queue }> as J['name']]: Handler<J>;
};
