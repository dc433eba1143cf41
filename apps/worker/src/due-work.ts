import { isJobError } from '@muster/core/runtime/errors';
import { type DueKind, jobOfDue } from '@muster/core/jobs/catalog';
import type { BegunWork } from '@muster/core/jobs/due-store';
import type { HandlerDeps } from './deps.ts';

/** What a piece of due work leaves behind. */
export interface DueOutcome<R> {
  /** In how long the member is due again; null when there is nothing left to do for it. */
  readonly nextInMs: number | null;
  readonly result: R;
}

/**
 * Does one due member's work under a lease, which is renewed while the work goes on and ends with it. A process that dies
 * loses nothing: the scheduler hands the member out again when the lease ends. An error finishes it for a later time, as long
 * as the error advises, and is thrown on.
 */
export async function doDueWork<R>(
  deps: LeaseDeps,
  kind: DueKind,
  member: string,
  work: () => Promise<DueOutcome<R>>,
): Promise<R> {
  const { due } = deps.ledger;
  const begun = await due.begin(kind, member, deps.timings.leaseMs);
  deps.clock.told(begun.begunAtMs);
  const { result } = await finishAfter(deps, { kind, member, ...begun }, work, (leaseEndMs, nextInMs) =>
    due.finish(kind, member, { leaseEndMs }, nextInMs),
  );
  return result;
}

type LeaseDeps = Pick<HandlerDeps, 'ledger' | 'clock' | 'timings'>;

/** A lease that was taken. */
interface Lease extends Pick<BegunWork, 'leaseEndMs'> {
  readonly kind: DueKind;
  readonly member: string;
}

/**
 * Does work whose lease was taken, and ends the lease by `finish`, in any case: with what the work left behind, or,
 * after an error, with null and a later time. `finish` is given the end of the lease as it stands then.
 */
export async function finishAfter<Left extends DueOutcome<unknown>>(
  deps: LeaseDeps,
  lease: Lease,
  work: () => Promise<Left>,
  finish: (leaseEndMs: number, nextInMs: number | null, left: Left | null) => Promise<unknown>,
): Promise<Left> {
  const { retryMs } = deps.timings;
  const renewal = renewLease(deps, lease);
  try {
    const left = await work();
    await finish(await renewal.end(), left.nextInMs, left);
    return left;
  } catch (error) {
    const advised = isJobError(error) && typeof error.retry === 'object' ? error.retry.afterMs : retryMs;
    const unknown = isJobError(error) ? 1 : 6;
    const nextInMs = Math.max(advised, retryMs) * unknown;
    // When Redis itself is the trouble, the lease goes on and ends.
    await finish(await renewal.end(), nextInMs, null).catch(() => undefined);
    throw error;
  }
}

/**
 * Renews a lease at every third of it, for as long as its job may run: a handler that hangs beyond that keeps no member to
 * itself. A renewal that Redis does not take is tried again at the next third.
 */
function renewLease(
  { ledger, clock, timings: { leaseMs } }: LeaseDeps,
  { kind, member, leaseEndMs }: Lease,
): { end(): Promise<number> } {
  const untilMs = clock.monotonicMs() + jobOfDue(kind).timeoutMs;
  let endMs = leaseEndMs;
  let renewing = Promise.resolve();
  let isOver = false;
  const renew = async (): Promise<void> => {
    try {
      endMs = await ledger.due.renew(kind, member, { leaseEndMs: endMs }, leaseMs);
    } catch {
      // The lease ends earlier than the work, or the next renewal saves it.
    }
    if (!isOver && clock.monotonicMs() < untilMs) cancel = clock.after(leaseMs / 3, startRenewal);
  };
  const startRenewal = (): void => {
    renewing = renew();
  };
  let cancel = clock.after(leaseMs / 3, startRenewal);
  return {
    end: async () => {
      isOver = true;
      cancel();
      await renewing;
      return endMs;
    },
  };
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
  await deps.ledger.due.schedule(kind, members, deps.timings.jobTakenMs);
  const job = jobOfDue(kind);
  await deps.enqueue(
    job,
    members.map((member) => job.due.payloadOf(member)),
  );
}
