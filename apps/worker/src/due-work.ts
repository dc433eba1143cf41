import { isJobError } from '@muster/core/runtime/errors';
import { type DueKind, jobOfDue } from '@muster/core/jobs/catalog';
import type { HandlerDeps } from './deps.ts';

/** What a piece of due work leaves behind. */
export interface DueOutcome<R> {
  /** In how long the member is due again; null when there is nothing left to do for it. */
  readonly nextInMs: number | null;
  readonly result: R;
}

/**
 * Does one due member's work. The member is put off by a lease first and finished afterwards, so a process that dies in
 * between loses nothing: the scheduler hands the member out again when the lease ends. An error finishes it for a later
 * time, as long as the error advises, and is thrown on.
 */
export async function doDueWork<R>(
  deps: Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>,
  kind: DueKind,
  member: string,
  leaseMs: number,
  work: () => Promise<DueOutcome<R>>,
): Promise<R> {
  const { due } = deps.ledger;
  const begun = await due.begin(kind, member, leaseMs);
  deps.clock.told(begun.begunAtMs);
  const { result } = await finishAfter(deps, work, (nextInMs) => due.finish(kind, member, begun, nextInMs));
  return result;
}

/**
 * Does work whose lease was taken, and ends the lease by `finish`, in any case: with what the work left behind, or,
 * after an error, with null and a later time.
 */
export async function finishAfter<Left extends DueOutcome<unknown>>(
  { timings }: Pick<HandlerDeps, 'timings'>,
  work: () => Promise<Left>,
  finish: (nextInMs: number | null, left: Left | null) => Promise<unknown>,
): Promise<Left> {
  try {
    const left = await work();
    await finish(left.nextInMs, left);
    return left;
  } catch (error) {
    const advised =
      isJobError(error) && typeof error.retry === 'object' ? error.retry.afterMs : timings.retryMs;
    const unknown = isJobError(error) ? 1 : 6;
    const nextInMs = Math.max(advised, timings.retryMs) * unknown;
    // When Redis itself is the trouble, the lease goes on and ends.
    await finish(nextInMs, null).catch(() => undefined);
    throw error;
  }
}

/**
 * Makes members due whose work does not follow from records, and enqueues it right away. The order matters: a kill in between
 * leaves work that is due, never work that no process knows of.
 */
export async function dispatch(
  deps: Pick<HandlerDeps, 'ledger' | 'timings' | 'enqueue'>,
  kind: Extract<DueKind, 'scan' | 'regions' | 'labels'>,
  members: readonly string[],
): Promise<void> {
  if (members.length === 0) return;
  await deps.ledger.due.schedule(
    kind,
    members.map((member) => ({ member, inMs: deps.timings.jobTakenMs })),
  );
  const job = jobOfDue(kind);
  await deps.enqueue(
    job,
    members.map((member) => job.due.payloadOf(member)),
  );
}
