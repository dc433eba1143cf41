import { targetId } from '@muster/core/domain/target';
import type { Ledger } from '@muster/core/ports/ledger';

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
