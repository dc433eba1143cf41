import { JobError } from '../runtime/errors.ts';

/** What is wrong with a Redis, in two parts: findings and checks show them apart, a message shows both. */
export interface RedisFault {
  /** `config.unsafe`: no Redis for us. `ledger.unavailable`: it may be one again in a while. */
  readonly code: 'config.unsafe' | 'ledger.unavailable';
  /** A sentence, without its full stop. */
  readonly problem: string;
  /** Sentences that say what to do. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/** The error of a fault; `details` has `problem` and `remedy`. */
export function redisFault({ code, problem, remedy, cause }: RedisFault): JobError {
  return new JobError(code, `${problem}. ${remedy}`, {
    retry: code === 'config.unsafe' ? 'never' : 'backoff',
    details: { problem, remedy },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The two parts of an error that `redisFault` made; of any other, its message and an empty remedy. */
export function partsOfFault(error: unknown): { readonly problem: string; readonly remedy: string } {
  if (error instanceof JobError) {
    const { problem, remedy } = error.details;
    if (problem !== undefined && remedy !== undefined) return { problem, remedy };
  }
  return { problem: error instanceof Error ? error.message : String(error), remedy: '' };
}
