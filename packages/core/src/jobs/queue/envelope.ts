import { z } from 'zod';
import { LEDGER_SCHEMA } from '../../control/installation.ts';
import { BatchId } from '../../organization/ids.ts';
import { JobError } from '../../runtime/errors.ts';
import { describeShapeFaults } from '../../runtime/shape-faults.ts';
import type { AnyJob } from '../define-job.ts';

/** What lies in a job's data: the payload, and the version of the contract that wrote it. */
export interface Envelope {
  /** `LEDGER_SCHEMA` of the release that wrote it; absent in one from before there were any. */
  readonly v: number;
  readonly version: number;
  readonly payload: unknown;
  /** W3C's `traceparent` of the run that enqueued it; absent without tracing, and where a trace does not go on (see `JobContract`). */
  readonly trace?: string;
}

const StoredEnvelope = z.object({
  v: z.int().min(1).default(1),
  version: z.int().min(1),
  payload: z.unknown(),
});

/** Checks a payload and wraps it. Throws `payload.invalid`. @param trace of the run that enqueues it; null without one */
export function sealPayload(job: AnyJob, payload: unknown, trace: string | null = null): Envelope {
  const sealed = { v: LEDGER_SCHEMA, version: job.version, payload: parsePayload(job, payload) };
  return trace === null || job.goesOnInTrace !== true ? sealed : { ...sealed, trace };
}

/**
 * The payload out of a stored job's data. Throws `payload.invalid` for one that the contract does not read, one that a
 * newer release wrote, and anything we did not write.
 */
export function openEnvelope(job: AnyJob, data: unknown): unknown {
  const stored = StoredEnvelope.safeParse(data);
  if (!stored.success) throw invalid(job, 'is not in an envelope of ours');
  const { version, payload } = stored.data;
  if (version > job.version) {
    throw invalid(job, `has version ${version}; this release reads up to ${job.version}`);
  }
  return parsePayload(job, payload);
}

/** What the job's span stands behind; null for a trace of its own. */
export function traceOfJob(data: unknown): string | null {
  const { trace } = z.looseObject({ trace: z.string().optional() }).safeParse(data).data ?? {};
  return trace ?? null;
}

/** The batch that a job is about: it goes on in that batch's trace. Null for any other job. */
export function batchOfJob(data: unknown): BatchId | null {
  const stored = z.looseObject({ payload: z.looseObject({ batchId: BatchId }) }).safeParse(data);
  return stored.success ? stored.data.payload.batchId : null;
}

/**
 * Whether a newer release wrote this job's data, so that one of its processes can do what this one cannot.
 *
 * @param job undefined for a job that this release does not know
 */
export function isOfNewerRelease(job: AnyJob | undefined, data: unknown): boolean {
  const stored = StoredEnvelope.safeParse(data);
  if (!stored.success) return false;
  return stored.data.v > LEDGER_SCHEMA || (job !== undefined && stored.data.version > job.version);
}

function parsePayload(job: AnyJob, payload: unknown): unknown {
  const parsed = job.payload.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw invalid(job, `does not fit: ${describeShapeFaults(parsed.error)}`);
}

function invalid(job: AnyJob, what: string): JobError {
  return new JobError('payload.invalid', `the payload of ${job.name} ${what}`, {
    retry: 'never',
    details: { job: job.name },
  });
}
