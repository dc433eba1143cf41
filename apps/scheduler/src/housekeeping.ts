import { targetId } from '@muster/core/organization/target';
import { findingOfSetAside, type SetAside } from '@muster/core/enrollment/set-aside';
import type { Ledger } from '@muster/core/control/ledger';

/** What one round has seen, for the next to compare with. */
export type SuspectReservations = ReadonlySet<string>;

/**
 * Gives back room that was reserved for a batch which never came to be: a worker died between reserving and claiming.
 * A reservation without an intent is only suspect at first; it is released when the next round finds it so again.
 */
export async function releaseOrphans(
  ledger: Pick<Ledger, 'control' | 'enrollments'>,
  suspects: SuspectReservations,
): Promise<SuspectReservations> {
  const found = new Set<string>();
  for (const { target, batchId } of await ledger.control.reservations()) {
    if ((await ledger.enrollments.intent(target, batchId)) !== null) continue;
    const member = `${targetId(target)}/${batchId}`;
    if (suspects.has(member)) await ledger.control.release(target, batchId);
    else found.add(member);
  }
  return found;
}

/** Looked at in one round; the rest of a large damage in the next ones. */
const MOST_REVIEWED = 1_000;

/**
 * Keeps the finding about what could not be read: its count, and its end, when every target of it was read completely since
 * (or is no longer in scope).
 */
export async function reviewSetAside(
  { control, coverage, setAside }: Pick<Ledger, 'control' | 'coverage' | 'setAside'>,
  nowMs: number,
): Promise<void> {
  const all = await setAside.all();
  const isOver = await Promise.all(all.slice(0, MOST_REVIEWED).map((one) => isMadeAnew(one, coverage)));
  const over = all.filter((_, index) => isOver[index] === true);
  await setAside.forget(over.map(({ target }) => target));
  const left = all.filter((one) => !over.includes(one));
  if (left.length > 0) await control.raise(findingOfSetAside(left, nowMs));
  else await control.clear('ledger-unreadable', 'all');
}

async function isMadeAnew({ target, atMs }: SetAside, coverage: Ledger['coverage']): Promise<boolean> {
  const read = await coverage.read(target);
  return read === null || (read.completeAtMs !== null && read.completeAtMs > atMs);
}
