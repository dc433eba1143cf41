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
  /** A channel of notifications did not take a message. */
  | 'notify.failed'
  | 'ledger.unavailable'
  | 'ledger.corrupt'
  | 'bug.unknown';

/** How the message of an error says that an answer came and was none of AWS's: remedies differ by it, nothing else does. */
export const UNREADABLE_ANSWER = 'the answer could not be read';

/** What another try would come to: the same, perhaps something else later, or something else after a stated time. */
export type RetryAdvice = 'never' | 'backoff' | { readonly afterMs: number };

/** What decisions about an error and its remedy are made by, beside its code; the message is for people. Never a secret. */
export interface ErrorDetails {
  // aws.*
  readonly service?: string;
  readonly operation?: string;
  /** IAM's spelling: `ec2:DescribeInstances`. */
  readonly action?: string;
  readonly accountId?: string | null;
  readonly region?: string | null;
  /** AWS's own code; the error's name where no answer came. */
  readonly awsCode?: string;
  /** Null when no answer came. */
  readonly httpStatus?: number | null;
  readonly requestId?: string | null;
  /** AWS's own words on when to come back. */
  readonly retryAfterMs?: number | null;
  /** What the role lacks, IAM's spelling. */
  readonly missingAction?: string | null;
  /** A service control policy denies it. */
  readonly scp?: boolean;
  /** Our own share of the API is used up: AWS was not asked. */
  readonly own?: boolean;
  /** An answer came, and was none of AWS's. */
  readonly unreadable?: boolean;
  /** How far the worker's clock is from AWS's. */
  readonly clockOffsetMs?: number | null;
  /** Where the worker's credentials came from. */
  readonly source?: string;
  readonly configured?: string | null;
  readonly found?: string | null;
  // ledger.*, config.*: a sentence without its full stop, and what to do about it
  readonly problem?: string;
  readonly remedy?: string;
  /** Redis still reads its data from disk. */
  readonly loading?: boolean;
  readonly setting?: string;
  // teleport.*
  readonly exitCode?: number | null;
  readonly killedBy?: string | null;
  // jobs
  readonly job?: string;
  readonly timeoutMs?: number;
}

export interface JobErrorFacts {
  readonly retry: RetryAdvice;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** The one error this project throws on purpose. Anything else that is thrown is a bug until classified. */
export class JobError extends Error {
  override readonly name = 'JobError';
  readonly code: ErrorCode;
  readonly retry: RetryAdvice;
  readonly details: ErrorDetails;

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
