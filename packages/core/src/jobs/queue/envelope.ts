import { z } from 'zod';
import { JobError } from '../../runtime/errors.ts';
import { describeShapeFaults } from '../../runtime/shape-faults.ts';
import type { AnyJob } from '../define-job.ts';

/** What lies in a job's data: the payload, and the version of the contract that wrote it. */
export interface Envelope {
  readonly version: number;
  readonly payload: unknown;
}

const StoredEnvelope = z.strictObject({ version: z.int().min(1), payload: z.unknown() });

/** Checks a payload and wraps it. Throws `payload.invalid`. */
export function sealPayload(job: AnyJob, payload: unknown): Envelope {
  return { version: job.version, payload: parsePayload(job, payload) };
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
