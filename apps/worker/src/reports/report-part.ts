import { JobError, isJobError } from '@muster/core/runtime/errors';
import type { ReportId } from '@muster/core/reports/report';
import type { JobContext } from '@muster/core/jobs/define-job';
import type { HandlerDeps } from '../deps.ts';
import type { EnrollmentLedger } from '@muster/core/enrollment/enrollment-store';

/** What the handlers of `muster doctor` and `muster plan` are made of; a command with `--local` has all of it in one process. */
export type ReportDeps = Pick<
  HandlerDeps,
  | 'config'
  | 'timings'
  | 'clock'
  | 'random'
  | 'installation'
  | 'organization'
  | 'accounts'
  | 'instances'
  | 'commands'
  | 'teleport'
  | 'preflight'
  | 'reports'
  | 'enqueue'
  | 'redact'
> & { readonly ledger: { readonly enrollments: Pick<EnrollmentLedger, 'readAll'> } };

/** How the job ended; what it found is in the report. */
export interface Answered {
  readonly answer: string;
}

/** Times a part is begun before a throttle, or AWS not answering, is its answer. */
const TRIES = 6;

/**
 * Answers one part of a report. Nothing is done for a report whose command has ended. A throttle or an AWS that
 * does not answer brings the job back a few times; every other error is an answer too, made by `answerOf`, so that
 * the command that asked is told.
 */
export async function answerPart(
  deps: Pick<ReportDeps, 'reports' | 'timings'>,
  ctx: JobContext,
  reportId: ReportId,
  part: string,
  work: () => Promise<unknown>,
  answerOf: (error: unknown) => unknown,
): Promise<Answered> {
  const times = await deps.reports.begin(reportId, part);
  if (times === null) return { answer: 'closed' };
  let answer = 'given';
  let result: unknown;
  try {
    result = await work();
  } catch (error) {
    ctx.signal.throwIfAborted();
    if (isJobError(error, 'ledger.unavailable')) throw error;
    if (isJobError(error, 'aws.throttled', 'aws.unavailable') && times < TRIES) {
      const advisedMs = typeof error.retry === 'object' ? error.retry.afterMs : 0;
      const afterMs = Math.max(advisedMs, deps.timings.retryMs * times);
      throw new JobError(error.code, error.message, { retry: { afterMs }, cause: error });
    }
    ctx.log.warn({ err: error, part }, 'part of a report not answered as hoped');
    answer = 'failed';
    result = answerOf(error);
  }
  await deps.reports.finish(reportId, part, result);
  return { answer };
}
