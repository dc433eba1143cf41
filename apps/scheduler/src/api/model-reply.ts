import type { Answer } from '../read-model/answer.ts';
import { problem } from './problem.ts';
import { refuse, type Reply } from './route.ts';

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
