import { findingOfSetAside, type SetAside } from '@muster/core/enrollment/set-aside';
import type { Ledger } from '@muster/core/control/ledger';

/** Looked at in one round; the rest of a large damage in the next ones. */
const MOST_REVIEWED = 1_000;

/**
 * Keeps the finding about what could not be read: its count, and its end, when every target of it was read completely since
 * (or is no longer in scope).
 */
export async function reportSetAside(
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
