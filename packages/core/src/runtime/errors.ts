/**
 * Codes of everything that can be thrown, grouped by who owns the trouble: `config.*` the operator's file,
 * `payload.*` a job's data, `aws.*` and `teleport.*` the far side, `ledger.*` Redis, `bug.*` us.
 */
export type ErrorCode =
  | 'config.invalid'
  | 'config.unsafe'
  | 'payload.invalid'
  /** The role may not be assumed, or lacks an action, or a service control policy denies it. */
  | 'aws.denied'
  /** The account's bucket for this API is empty. Nothing ran. */
  | 'aws.throttled'
  /** The region is not enabled for the account. */
  | 'aws.region-off'
  /** The worker's own credentials are missing, wrong or expired. */
  | 'aws.credentials'
  /** A refusal we caused: parameters, an unknown document, a bad token. Retrying the same is useless. */
  | 'aws.invalid'
  /** 5xx, reset, time-out: may work the next time. */
  | 'aws.unavailable'
  /** The organization is not the configured one, or there is none. */
  | 'aws.organization'
  | 'teleport.unavailable'
  | 'teleport.denied'
  | 'teleport.invalid'
  | 'ledger.unavailable'
  | 'ledger.corrupt'
  | 'bug.unknown';

/** How the message of an error says that an answer came and was none of AWS's: remedies differ by it, nothing else does. */
export const UNREADABLE_ANSWER = 'the answer could not be read';

/** What a job does next: never again, by its own back-off, or after a stated time. */
export type RetryAdvice = 'never' | 'backoff' | { readonly afterMs: number };

export interface JobErrorFacts {
  readonly retry: RetryAdvice;
  /** Machine-readable facts, such as `{ service, operation, awsCode, requestId }`. Never a secret. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
}

/** The one error this project throws on purpose. Anything else that is thrown is a bug until classified. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: ErrorCode, message: string, facts: JobErrorFacts) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retry = facts.retry;
    this.details = facts.details ?? {};
  }
}

/** Whether `error` is a JobError of one of `codes`. */
export function isJobError(error: unknown, ...codes: readonly ErrorCode[]): error is JobError {
  return error instanceof JobError && (codes.length === 0 || codes.includes(error.code));
}

/** A message for people out of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
