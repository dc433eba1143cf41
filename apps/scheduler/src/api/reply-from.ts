/** Replies out of what may not have been read yet. */
import type { Freshness } from '@muster/api/paging';
import type { CachedRead } from '../http/cached-read.ts';
import type { Answer } from '../read-model/answer.ts';
import { problem } from './problem.ts';
import { refuse, type Reply } from './route.ts';
import type { ApiDeps } from './api-deps.ts';

/** Answers from a reading that several callers share: the last one where Redis is away, and then marked stale. */
export async function replyFromSnapshot<Value, Body>(
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

/** Answers with what the read model says; while it has no data yet, with when to ask again. */
export async function replyFromModel<Value, Body>(
  said: Answer<Value>,
  make: (value: Value) => Reply<Body> | Promise<Reply<Body>>,
): Promise<Reply<Body>> {
  if (said.kind === 'answer') return make(said.value);
  return refuse(
    problem(
      503,
      'The read model is being made from the ledger; it has no data yet. Ask again in a few seconds.',
    ),
    { 'Retry-After': String(Math.ceil(said.retryAfterMs / 1_000)) },
  );
}
