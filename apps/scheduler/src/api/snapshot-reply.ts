import type { Freshness } from '@muster/api/paging';
import type { CachedRead } from '../http/cached-read.ts';
import { problem } from './problem.ts';
import { refuse, type Reply } from './route.ts';
import type { ApiDeps } from './api-deps.ts';

/** Answers from a reading that several callers share: the last one where Redis is away, and then marked stale. */
export async function replyFrom<Value, Body>(
  reading: CachedRead<Value>,
  { clock }: Pick<ApiDeps, 'clock'>,
  make: (value: Value, freshness: Freshness) => Reply<Body> | Promise<Reply<Body>>,
): Promise<Reply<Body>> {
  const { value, readAtMs, error } = reading;
  if (value === null || readAtMs === null) {
    const detail = 'Nothing could be read from Redis yet. Ask again in a few seconds; /readyz says why.';
    return refuse(problem(503, detail), { 'Retry-After': '5' });
  }
  return make(value, {
    asOf: new Date(readAtMs).toISOString(),
    ageMs: Math.max(0, clock.now() - readAtMs),
    stale: error !== null,
  });
}
